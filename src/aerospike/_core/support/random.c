/* Jobs, and transactions, have numbers that another client must not have, too. So they
 * come from the system's randomness, as Python gives it. */
#include "support/random.h"

#include <string.h>

#include "support/errors.h"

int
random_u64(module_state *st, uint64_t *out)
{
    PyObject *random = lazy_import(&st->random_bytes, "os", "urandom");
    PyObject *bytes =
        random != NULL ? PyObject_CallFunction(random, "n", sizeof *out) : NULL;
    if (bytes == NULL) {
        return -1;
    }
    bool is_whole =
        PyBytes_Check(bytes) && (size_t)PyBytes_GET_SIZE(bytes) == sizeof *out;
    if (is_whole) {
        memcpy(out, PyBytes_AS_STRING(bytes), sizeof *out);
    }
    Py_DECREF(bytes);
    if (is_whole) {
        return 0;
    }
    return raise_code(st, ASC_ERR_CLIENT, "os.urandom() does not return %zu bytes",
                      sizeof *out);
}
