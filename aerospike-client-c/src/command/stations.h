/* command/stations.h -- the lines of a loop, node by node: which one a rider takes,
 * when there are more of them, and when they go. */
#ifndef ASC_COMMAND_STATIONS_H
#define ASC_COMMAND_STATIONS_H

#include "command/loop_state.h"

/* A line for one more rider to the node of an exchange. NULL, with the exchange's err
 * set: there is none, nor can there be a new one. */
asc_line *asc_stations_line(asc_loop *l, asc_exchange *x);

/* Make a line of a connection that was lent. NULL: memory is short, and the connection
 * is still the caller's. */
asc_line *asc_stations_add(asc_loop *l, asc_node *node, asc_conn *conn);

/* Note that a line has something to send, or is to be opened, in this turn. */
void asc_stations_note(asc_loop *l, asc_line *line);

/* Let a line end, in this turn or in the next one. The first reason counts. */
void asc_stations_end(asc_loop *l, asc_line *line, asc_line_end end);

/* Nobody travels on a line any more: decide how long it stays. */
void asc_stations_settle(asc_loop *l, asc_line *line);

/* The time that was set for a line has come; much may have happened since. */
void asc_stations_look(asc_loop *l, asc_line *line);

/* Take a line away. Its memory stays until the end of the turn, since what is ready may
 * still name it. Its connection is the caller's, or goes back to the pool. */
void asc_stations_remove(asc_loop *l, asc_line *line);
void asc_stations_give_back(asc_loop *l, asc_line *line);

/* Close the connection of a line that was taken away, and on which nobody travels. A
 * reply that is late counts against the node, if nobody has counted that yet. */
void asc_stations_drop(asc_line *line);

/* Give back a line to the node of an exchange that owes nothing; or else close the one
 * that only waits for late replies, and whose time is up first. False: there is
 * none. */
bool asc_stations_make_room(asc_loop *l, const asc_exchange *x);

/* Any line that is to end; NULL: none is. */
asc_line *asc_stations_ending(const asc_loop *l);

/* The line in which a timer lies; NULL: it lies in a ride. */
asc_line *asc_stations_of_timer(const asc_loop *l, const asc_timer *timer);

/* The one line that has anything to wait for, when nothing else has; NULL: there are
 * more, or none. */
asc_line *asc_stations_lonely(const asc_loop *l);

#endif
