/* support/logging.h -- log lines of the library, handed to Python. */
#ifndef CORE_SUPPORT_LOGGING_H
#define CORE_SUPPORT_LOGGING_H

#include "support/state.h"

/* The functions of the module that set the handler and the level. */
extern const PyMethodDef logging_functions[];

/* Keep the lines of this thread, which holds the GIL and cannot run Python code for
 * now, until logging_release(). That may give the GIL away, if there are lines. */
void logging_hold(void);
void logging_release(void);

/* Begin to hand lines to the standard library's log. The process has one sink: the
 * module that was made last gets the lines. 0, or -1 with an exception. */
int logging_init(PyObject *module);

/* Stop handing lines to the module of this state, and drop its handler. */
void logging_clear(module_state *st);

#endif
