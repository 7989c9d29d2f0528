/* values/bin_name.h -- names of bins, checked. */
#ifndef CORE_VALUES_BIN_NAME_H
#define CORE_VALUES_BIN_NAME_H

#include "asc/proto.h"
#include "support/errors.h"

/* A bin name: UTF-8 of at most 15 bytes, without NUL. 0, or -1 with BinNameError (too
 * long), ParamError (NUL), or an error of code `wrong_type` when it is no str. */
int bin_name_from_py(module_state *st, PyObject *name, asc_status wrong_type,
                     const char **out, size_t *size);

#endif
