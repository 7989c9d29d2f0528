/* A model of the shared memory of cluster/shm.c, for spin: tenders, readers, takeovers,
 * and a process that is stopped or dies at any step. test/run_model.sh runs it.
 *
 * The users are alike: each tends or follows. Spin tries all orders of their steps, and
 * so each may be stopped at any of them, be given up, and go on later. One of them may
 * also die at each step, which drops its locks. A view is two words here.
 *
 * Proved: what a reader accepts is whole; who writes into a slot has its lock; what is
 * put in force is whole. */
#ifndef N
#define N 3          /* users */
#define MAX_EPOCH 2  /* takeovers */
#define MAX_WRITES 3 /* views that are written */
#endif
#define SLOTS 3
#define MAX_DEAD 1
#define NOBODY 255

byte epoch = 0;       /* of the turn in force; 0: nobody has tended */
byte in_force = 0;    /* its slot; both change in one step, as one word */
byte owner[SLOTS];    /* who has the lock of a slot */
byte sequence[SLOTS]; /* odd: it is being written */
byte first[SLOTS], second[SLOTS]; /* the view */
byte stamp = 0;       /* what is written next: never twice the same */
byte n_dead = 0;

/* The system drops the locks of who dies. */
inline die() {
    atomic {
        n_dead < MAX_DEAD -> n_dead++;
        i = 0;
        do
        :: i < SLOTS && owner[i] == me -> owner[i] = NOBODY; i++
        :: i < SLOTS && owner[i] != me -> i++
        :: i >= SLOTS -> break
        od;
        goto end
    }
}

/* Another step, or death before it. */
#define STEP(what) if :: what :: die() fi

/* Write a view into a slot, word by word. */
inline write(slot) {
    assert(owner[slot] == me);
    atomic { stamp++; value = stamp };
    STEP(sequence[slot] = sequence[slot] | 1);
    STEP(first[slot] = value);
    STEP(second[slot] = value);
    STEP(sequence[slot] = (sequence[slot] + 1) % 8);
    value = 0
}

/* Read the view in force. The sequence may go round once: the real one has 32 bits. */
inline read() {
    atomic { seen_epoch = epoch; seen = in_force };
    if
    :: seen_epoch == 0
    :: else ->
        before = sequence[seen];
        if
        :: before % 2 == 1
        :: else ->
            one = first[seen];
            other = second[seen];
            atomic {
                if
                :: sequence[seen] == before && epoch == seen_epoch && in_force == seen ->
                    assert(one == other)
                :: else
                fi;
                one = 0;
                other = 0
            }
        fi;
        before = 0
    fi;
    atomic { seen = 0; seen_epoch = 0 }
}

proctype user(byte me) {
    byte i, value, seen, seen_epoch, before, one, other;
    byte mine = NOBODY, my_epoch = 0;
    do
    :: mine != NOBODY && (epoch != my_epoch || in_force != mine) ->
        /* It was replaced, and notices. */
        STEP(owner[mine] = NOBODY);
        mine = NOBODY
    :: mine != NOBODY && epoch == my_epoch && stamp < MAX_WRITES ->
        /* It looks, and may be replaced while it writes. */
        write(mine)
    :: mine == NOBODY ->
        read()
    :: mine == NOBODY && epoch < MAX_EPOCH ->
        /* Is the tender gone, or does it seem so? Both are the same step here: the one
         * who is impatient does not ask. */
        atomic { seen_epoch = epoch; seen = in_force };
        i = 0;
        do
        :: i < SLOTS ->
            atomic {
                if
                :: owner[i] == NOBODY && !(seen_epoch > 0 && seen == i) ->
                    owner[i] = me;
                    mine = i;
                    i = SLOTS
                :: else -> i++
                fi
            }
        :: else -> break
        od;
        if
        :: mine != NOBODY ->
            if
            :: epoch == seen_epoch && in_force == seen ->
                write(mine)
            :: else
            fi;
            atomic {
                if
                :: epoch == seen_epoch && in_force == seen ->
                    assert(sequence[mine] % 2 == 0);
                    epoch = seen_epoch + 1;
                    in_force = mine;
                    my_epoch = epoch
                :: else ->
                    owner[mine] = NOBODY;
                    mine = NOBODY
                fi
            }
        :: else
        fi;
        atomic { i = 0; seen = 0; seen_epoch = 0 }
    :: die()
    :: stamp >= MAX_WRITES -> break
    od;
end:
    skip
}

init {
    byte k;
    atomic {
        for (k : 0 .. SLOTS - 1) { owner[k] = NOBODY }
        for (k : 0 .. N - 1) { run user(k) }
    }
}
