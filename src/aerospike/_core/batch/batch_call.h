/* batch/batch_call.h -- a batch as a call of an AsyncClient: the stages of a batch
 * (batch.h) as steps of a pending call (loop/pending.h). */
#ifndef CORE_BATCH_BATCH_CALL_H
#define CORE_BATCH_BATCH_CALL_H

#include "batch/batch.h"
#include "loop/method.h"

/* The kind of such calls. */
extern const pending_kind batch_call_kind;

/* The batch of a call: zeroed, for whoever fills in the work to begin it. Borrowed from
 * the call; NULL with MemoryError. */
batch_run *batch_of_call(PendingObject *p, void *work);

#endif
