/* wire/digest_lanes.h -- the rounds of RIPEMD-160, written once for one message and for
 * several side by side. digest.c includes this file for each number of lanes, after it
 * has defined
 *
 *     COMPRESS   the name of the function
 *     TARGET     its attributes, perhaps none
 *     WORD       a number of 32 bits, or a vector of such numbers: one for each lane
 *
 * and the steps (STEP and what uses it). */

/* Take a block of each message: the state has five words and the block sixteen,
 * each with the numbers of all lanes next to each other. */
TARGET static void
COMPRESS(uint32_t *state, const uint32_t *block)
{
    const WORD *w = (const WORD *)block;
    WORD *h = (WORD *)state;
    WORD la = h[0], lb = h[1], lc = h[2], ld = h[3], le = h[4];
    WORD ra = la, rb = lb, rc = lc, rd = ld, re = le;
    BOTH(1, a, b, c, d, e, 0, 11, 5, 8);
    BOTH(1, e, a, b, c, d, 1, 14, 14, 9);
    BOTH(1, d, e, a, b, c, 2, 15, 7, 9);
    BOTH(1, c, d, e, a, b, 3, 12, 0, 11);
    BOTH(1, b, c, d, e, a, 4, 5, 9, 13);
    BOTH(1, a, b, c, d, e, 5, 8, 2, 15);
    BOTH(1, e, a, b, c, d, 6, 7, 11, 15);
    BOTH(1, d, e, a, b, c, 7, 9, 4, 5);
    BOTH(1, c, d, e, a, b, 8, 11, 13, 7);
    BOTH(1, b, c, d, e, a, 9, 13, 6, 7);
    BOTH(1, a, b, c, d, e, 10, 14, 15, 8);
    BOTH(1, e, a, b, c, d, 11, 15, 8, 11);
    BOTH(1, d, e, a, b, c, 12, 6, 1, 14);
    BOTH(1, c, d, e, a, b, 13, 7, 10, 14);
    BOTH(1, b, c, d, e, a, 14, 9, 3, 12);
    BOTH(1, a, b, c, d, e, 15, 8, 12, 6);
    BOTH(2, e, a, b, c, d, 7, 7, 6, 9);
    BOTH(2, d, e, a, b, c, 4, 6, 11, 13);
    BOTH(2, c, d, e, a, b, 13, 8, 3, 15);
    BOTH(2, b, c, d, e, a, 1, 13, 7, 7);
    BOTH(2, a, b, c, d, e, 10, 11, 0, 12);
    BOTH(2, e, a, b, c, d, 6, 9, 13, 8);
    BOTH(2, d, e, a, b, c, 15, 7, 5, 9);
    BOTH(2, c, d, e, a, b, 3, 15, 10, 11);
    BOTH(2, b, c, d, e, a, 12, 7, 14, 7);
    BOTH(2, a, b, c, d, e, 0, 12, 15, 7);
    BOTH(2, e, a, b, c, d, 9, 15, 8, 12);
    BOTH(2, d, e, a, b, c, 5, 9, 12, 7);
    BOTH(2, c, d, e, a, b, 2, 11, 4, 6);
    BOTH(2, b, c, d, e, a, 14, 7, 9, 15);
    BOTH(2, a, b, c, d, e, 11, 13, 1, 13);
    BOTH(2, e, a, b, c, d, 8, 12, 2, 11);
    BOTH(3, d, e, a, b, c, 3, 11, 15, 9);
    BOTH(3, c, d, e, a, b, 10, 13, 5, 7);
    BOTH(3, b, c, d, e, a, 14, 6, 1, 15);
    BOTH(3, a, b, c, d, e, 4, 7, 3, 11);
    BOTH(3, e, a, b, c, d, 9, 14, 7, 8);
    BOTH(3, d, e, a, b, c, 15, 9, 14, 6);
    BOTH(3, c, d, e, a, b, 8, 13, 6, 6);
    BOTH(3, b, c, d, e, a, 1, 15, 9, 14);
    BOTH(3, a, b, c, d, e, 2, 14, 11, 12);
    BOTH(3, e, a, b, c, d, 7, 8, 8, 13);
    BOTH(3, d, e, a, b, c, 0, 13, 12, 5);
    BOTH(3, c, d, e, a, b, 6, 6, 2, 14);
    BOTH(3, b, c, d, e, a, 13, 5, 10, 13);
    BOTH(3, a, b, c, d, e, 11, 12, 0, 13);
    BOTH(3, e, a, b, c, d, 5, 7, 4, 7);
    BOTH(3, d, e, a, b, c, 12, 5, 13, 5);
    BOTH(4, c, d, e, a, b, 1, 11, 8, 15);
    BOTH(4, b, c, d, e, a, 9, 12, 6, 5);
    BOTH(4, a, b, c, d, e, 11, 14, 4, 8);
    BOTH(4, e, a, b, c, d, 10, 15, 1, 11);
    BOTH(4, d, e, a, b, c, 0, 14, 3, 14);
    BOTH(4, c, d, e, a, b, 8, 15, 11, 14);
    BOTH(4, b, c, d, e, a, 12, 9, 15, 6);
    BOTH(4, a, b, c, d, e, 4, 8, 0, 14);
    BOTH(4, e, a, b, c, d, 13, 9, 5, 6);
    BOTH(4, d, e, a, b, c, 3, 14, 12, 9);
    BOTH(4, c, d, e, a, b, 7, 5, 2, 12);
    BOTH(4, b, c, d, e, a, 15, 6, 13, 9);
    BOTH(4, a, b, c, d, e, 14, 8, 9, 12);
    BOTH(4, e, a, b, c, d, 5, 6, 7, 5);
    BOTH(4, d, e, a, b, c, 6, 5, 10, 15);
    BOTH(4, c, d, e, a, b, 2, 12, 14, 8);
    BOTH(5, b, c, d, e, a, 4, 9, 12, 8);
    BOTH(5, a, b, c, d, e, 0, 15, 15, 5);
    BOTH(5, e, a, b, c, d, 5, 5, 10, 12);
    BOTH(5, d, e, a, b, c, 9, 11, 4, 9);
    BOTH(5, c, d, e, a, b, 7, 6, 1, 12);
    BOTH(5, b, c, d, e, a, 12, 8, 5, 5);
    BOTH(5, a, b, c, d, e, 2, 13, 8, 14);
    BOTH(5, e, a, b, c, d, 10, 12, 7, 6);
    BOTH(5, d, e, a, b, c, 14, 5, 6, 8);
    BOTH(5, c, d, e, a, b, 1, 12, 2, 13);
    BOTH(5, b, c, d, e, a, 3, 13, 13, 6);
    BOTH(5, a, b, c, d, e, 8, 14, 14, 5);
    BOTH(5, e, a, b, c, d, 11, 11, 0, 15);
    BOTH(5, d, e, a, b, c, 6, 8, 3, 13);
    BOTH(5, c, d, e, a, b, 15, 5, 9, 11);
    BOTH(5, b, c, d, e, a, 13, 6, 11, 11);
    WORD t = h[1] + lc + rd;
    h[1] = h[2] + ld + re;
    h[2] = h[3] + le + ra;
    h[3] = h[4] + la + rb;
    h[4] = h[0] + lb + rc;
    h[0] = t;
}

#undef COMPRESS
#undef TARGET
#undef WORD
