/* values/pickles.h -- a quick look at pickles. */
#ifndef CORE_VALUES_PICKLES_H
#define CORE_VALUES_PICKLES_H

#include "support/state.h"

/* The function of the module pickle_is_plain(data): whether a pickle of Python's own
 * types cannot take more than it is, because it is short and uses nothing twice but
 * short texts, numbers and names. False says nothing: _pickle_scan.py finds out. */
extern const PyMethodDef pickles_functions[];

#endif
