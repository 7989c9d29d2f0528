/* wire/base64.h -- standard base64, which the info protocol uses for bitmaps and for
 * free text. */
#ifndef ASC_WIRE_BASE64_H
#define ASC_WIRE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Decode text[0..size) into out, which holds exactly out_size bytes. 0, or -1 when the
 * text is not base64 or does not give out_size bytes. */
int asc_base64_decode(uint8_t *out, size_t out_size, const char *text, size_t size);

/* How many characters so many bytes become, padding included. */
#define ASC_BASE64_SIZE(size) (((size) + 2) / 3 * 4)

/* Encode with padding and a terminating NUL; out has room for
 * ASC_BASE64_SIZE(size) + 1 characters. */
void asc_base64_encode(char *out, const uint8_t *data, size_t size);

#endif
