"""Operations for `Client.operate`, one module per kind."""
