/* values/pickles.h -- a quick look at pickles. */
#ifndef CORE_VALUES_PICKLES_H
#define CORE_VALUES_PICKLES_H

#include "support/state.h"

/* The function of the module pickle_is_plain(data): is a pickle, if it makes Python's
 * own types, certain to cost no more than its length says, because it is short and uses
 * nothing twice but short texts, numbers and names? False says nothing about the
 * pickle: _pickle_scan.py has to find out. */
extern const PyMethodDef pickles_functions[];

#endif
