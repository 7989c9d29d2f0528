/* Standard base64 with padding. The info protocol uses it for partition bitmaps, which
 * are long and come often, so decoding writes straight into the caller's bitmap. */
#include "wire/base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits of a character, or -1. */
static int
sextet(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+') {
        return 62;
    }
    return c == '/' ? 63 : -1;
}

/* Checking the length of the text first spares the loop a bound on it: four characters
 * are there for each three bytes. */
int
asc_base64_decode(uint8_t *out, size_t out_size, const char *text, size_t size)
{
    if (size != ASC_BASE64_SIZE(out_size)) {
        return -1;
    }
    uint32_t bits = 0;
    unsigned n_bits = 0;
    size_t at = 0, i = 0;
    for (; at < out_size; i++) {
        int v = sextet(text[i]);
        if (v < 0) {
            return -1;
        }
        bits = bits << 6 | (uint32_t)v;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            out[at++] = (uint8_t)(bits >> n_bits);
        }
    }
    for (; i < size; i++) {
        if (text[i] != '=') {
            return -1;
        }
    }
    return 0;
}

void
asc_base64_encode(char *out, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i += 3) {
        uint32_t v = (uint32_t)data[i] << 16;
        v |= i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0;
        v |= i + 2 < size ? data[i + 2] : 0;
        *out++ = alphabet[v >> 18];
        *out++ = alphabet[v >> 12 & 63];
        *out++ = i + 1 < size ? alphabet[v >> 6 & 63] : '=';
        *out++ = i + 2 < size ? alphabet[v & 63] : '=';
    }
    *out = '\0';
}
