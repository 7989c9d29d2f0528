"""Operations on strings, which version 8.2 brought.

All indexes and lengths are code points. Source: the page on string operations.
"""
