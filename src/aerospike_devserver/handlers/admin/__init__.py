"""Admin commands: logins, users and roles."""
