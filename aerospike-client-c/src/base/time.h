/* base/time.h -- the monotonic clock. Only drivers and the tend thread read it; what
 * they drive gets the time as an argument. */
#ifndef ASC_BASE_TIME_H
#define ASC_BASE_TIME_H

#include <stdint.h>

/* Milliseconds since some fixed moment; the value is never 0 and never goes back. */
uint64_t asc_now_ms(void);

/* "Never", for deadlines. */
#define ASC_FOREVER UINT64_MAX

/* The moment when a timeout that begins now ends: now + timeout, or ASC_FOREVER for a
 * timeout of 0, which means no limit. */
static inline uint64_t
asc_deadline(uint64_t now_ms, uint32_t timeout_ms)
{
    return timeout_ms == 0 ? ASC_FOREVER : now_ms + timeout_ms;
}

/* The earlier of two moments, either of which may be ASC_FOREVER. */
static inline uint64_t
asc_earlier(uint64_t a_ms, uint64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

/* Milliseconds left until deadline as poll() wants them: -1 for ASC_FOREVER, 0 when
 * it has passed. */
int asc_poll_timeout(uint64_t deadline_ms, uint64_t now_ms);

#endif
