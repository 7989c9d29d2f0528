/* c23_strings.h -- the searching functions of <string.h> as the macros that a C library
 * for C23 makes of them: what is found in a constant text is constant, and an argument
 * must be one argument to the preprocessor, too. tools/lint.sh compiles with
 * `-include` of this file, so that code stays fit for such a library. */
#ifndef TOOLS_C23_STRINGS_H
#define TOOLS_C23_STRINGS_H

#include <stdlib.h>
#include <string.h>

/* The conditional has the type `const void *` just when PTR points to a constant. */
#define CONST_AS(PTR, CONST_TYPE, CALL)                                                \
    _Generic(0 ? (PTR) : (void *)1, const void *: (CONST_TYPE)(CALL), default: (CALL))

#undef memchr
#define memchr(S, C, N) CONST_AS(S, const void *, memchr(S, C, N))
#undef strchr
#define strchr(S, C) CONST_AS(S, const char *, strchr(S, C))
#undef strrchr
#define strrchr(S, C) CONST_AS(S, const char *, strrchr(S, C))
#undef strpbrk
#define strpbrk(S, ACCEPT) CONST_AS(S, const char *, strpbrk(S, ACCEPT))
#undef strstr
#define strstr(S, NEEDLE) CONST_AS(S, const char *, strstr(S, NEEDLE))
#undef bsearch
#define bsearch(KEY, BASE, N, SIZE, COMPARE)                                           \
    CONST_AS(BASE, const void *, bsearch(KEY, BASE, N, SIZE, COMPARE))

#endif
