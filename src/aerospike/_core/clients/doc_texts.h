/* clients/doc_texts.h -- sentences that the docstrings of many methods have. A
 * docstring begins with the signature, which inspect.signature() reads. */
#ifndef CORE_CLIENTS_DOC_TEXTS_H
#define CORE_CLIENTS_DOC_TEXTS_H

/* About a policy; kind is the name of its section in the configuration. */
#define DOC_POLICY(kind)                                                               \
    ":param policy: dict of " kind                                                     \
    " policy keys over the client's defaults, or None.\n"                              \
    "    Timeouts are in milliseconds; 0 means no limit.\n"

/* About what every command may raise. */
#define DOC_RAISES                                                                     \
    ":raises ParamError: an argument is malformed; nothing was sent.\n"                \
    ":raises ClusterError: the client is closed.\n"                                    \
    ":raises NamespaceNotFound: no node has the namespace.\n"                          \
    ":raises TimeoutError: total_timeout has passed; see its in_doubt for writes.\n"

#endif
