/* nodes/nodes.h -- the methods that ask nodes for information (info.c), and those that
 * give them admin commands (admin.c). */
#ifndef CORE_NODES_NODES_H
#define CORE_NODES_NODES_H

#include "support/state.h"

/* PyMethodDef rows of the methods of aerospike.Client, and of AsyncClient; a row of
 * NULLs ends each array. Those that tell of the nodes ask none, and both types have
 * them. */
extern const PyMethodDef info_methods[], admin_methods[];
extern const PyMethodDef async_info_methods[], async_admin_methods[];
extern const PyMethodDef node_list_methods[];

/* Functions of the module: whether an info command changes something, and the hash of a
 * password. */
extern const PyMethodDef info_functions[], admin_functions[];

#endif
