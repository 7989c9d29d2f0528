/* This file copies text for what a client keeps of its configuration. The text of
 * values, which is most of what is written, has a faster way to UTF-8 of its own in
 * encode.c, which does not leave a copy in the str. */
#include "support/texts.h"

char *
text_copy(const char *text, size_t size)
{
    char *copy = PyMem_Malloc(size + 1);
    if (copy == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}
