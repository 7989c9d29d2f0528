/* A model of the sleep of followers (asc_team_doze, asc_shm_sleep and asc_shm_ring), for
 * spin: a tender that publishes, a command that counts errors, and the thread of a
 * follower. test/run_model.sh runs it, and then with each mistake that has a name here.
 *
 * A sleep has no end of its own here, as the real one has. Proved: nobody sleeps while
 * there is news, or an error whose window must end. */
#define MAX_NEWS 3
#define MAX_ERRORS 2

byte news = 0; /* views that were published */
byte seen = 0; /* those that the follower has read */
byte bell = 0;
byte errors = 0;    /* of this window */
bool dozes = false; /* guarded by a lock: what is done under it is one step */

active proctype tender() {
    do
    :: news < MAX_NEWS ->
        news++;
#ifndef NEWS_DO_NOT_RING
        bell++
#endif
    :: break
    od
}

active proctype command() {
    byte n = 0;
    do
    :: n < MAX_ERRORS ->
        n++;
        errors++;
#ifndef ERRORS_DO_NOT_RING
        atomic {
            if
            :: dozes -> bell++
            :: else
            fi
        }
#endif
    :: break
    od
}

active proctype follower() {
    byte heard = 0;
    do
    :: true ->
#ifndef LISTENS_LATE
        heard = bell;
#endif
        seen = news;
        errors = 0;
#ifndef DOZES_LATE
        dozes = true;
#endif
        if
        :: errors == 0 ->
#ifdef LISTENS_LATE
            heard = bell;
#endif
#ifdef DOZES_LATE
            dozes = true;
#endif
end:        bell != heard
        :: else
        fi;
        dozes = false
    od
}

active proctype monitor() {
    timeout;
    assert(seen == news && errors == 0)
}
