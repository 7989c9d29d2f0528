/* batch/doc_texts.h -- sentences that several docstrings of batch methods have. */
#ifndef CORE_BATCH_DOC_TEXTS_H
#define CORE_BATCH_DOC_TEXTS_H

/* About the policy of the whole batch, about the result, and about exceptions. */
#define DOC_BATCH_POLICY                                                               \
    ":param policy_batch: dict of batch policy keys over the client's defaults;\n"     \
    "    total_timeout, in milliseconds, limits the whole call, with all retries.\n"
#define DOC_BATCH_RESULT                                                               \
    ":return: BatchRecords. Its batch_records are in the order of the keys, each\n"    \
    "    with result (0: done, 2: not found, 27: filtered out), record, in_doubt,\n"   \
    "    message. Its own result is 0, or -16 if a record has another code.\n"
#define DOC_BATCH_RAISES                                                               \
    ":raises ParamError: an argument is malformed; nothing was sent.\n"                \
    ":raises ClusterError: the client is closed.\n"                                    \
    ":raises TimeoutError: no node answered in time. If some nodes answered, the "     \
    "call\n"                                                                           \
    "    does not raise, and the records of the other nodes have the errors."

#endif
