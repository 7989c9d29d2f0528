/* frames.h -- replies of many messages, built by hand, and a driver without sockets. */
#ifndef FRAMES_H
#define FRAMES_H

#include "command/set.h"

#define FRAMES_LAST 0x01u
#define FRAMES_PARTITION 0x04u

typedef struct frames {
    uint8_t data[4096];
    size_t len, head; /* head: where the open frame begins */
} frames;

/* A frame around the messages that are added between. */
void frames_open(frames *f);
void frames_close(frames *f);

/* A message that is a header only. number goes where partitions have their number. */
void frames_message(frames *f, uint8_t info3, uint8_t result, uint32_t number,
                    uint32_t index);

/* A record of a query: digest of 20 bytes, place in the index unless 0. */
void frames_record(frames *f, const uint8_t *digest, uint64_t bval);

/* A frame of one such message. */
void
frames_one(frames *f, uint8_t info3, uint8_t result, uint32_t number, uint32_t index);

/* The end of a reply that went well. */
void frames_last(frames *f);

/* What asc_set_wait does, with time that is made up: until there is something to take.
 * False: that will never be. */
bool frames_wait(asc_set *s, uint64_t *now_ms);

/* Compress the frame that is all of b, or inflate the one at b->data[at..at+size): all
 * slices at once. *slices becomes how many they were, unless it is NULL. */
asc_status frames_deflate(asc_buf *b, unsigned *slices, asc_error *err);
asc_status frames_inflate(asc_buf *b, size_t at, size_t size, size_t *inner_size,
                          unsigned *slices, asc_error *err);

/* The digest of a record in a partition; n tells records apart. */
const uint8_t *frames_digest(uint32_t partition, uint8_t n);

#endif
