/* Files are read whole, and only regular ones, so that no pipe can hold up a client. In
 * a folder every file counts, whether its name is a hash of OpenSSL's or not. */
#include "tls/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asc/alloc.h"
#include "asc/secret.h"

/* No list of certificates or CRLs is longer. */
#define MAX_SIZE ((size_t)64 << 20)

/* What each file of a folder must hold to be taken. */
static const char mark[] = "-----BEGIN ";

/* Append size bytes of an open file. Returns false with errno set. */
static bool
append(asc_buf *out, int fd, size_t size)
{
    if (size > MAX_SIZE || out->len > MAX_SIZE - size) {
        errno = EFBIG;
        return false;
    }
    /* one byte more, so that a file that grows meanwhile is read to its end */
    for (size_t room = size + 1;; room = 4096) {
        uint8_t *at = asc_buf_reserve(out, room);
        if (at == NULL) {
            errno = ENOMEM;
            return false;
        }
        ssize_t n = read(fd, at, room);
        if (n <= 0) {
            return n == 0;
        }
        out->len += (size_t)n;
        if (out->len > MAX_SIZE) {
            errno = EFBIG;
            return false;
        }
    }
}

/* Append a file. Returns false with errno set; EISDIR stands for all that is no regular
 * file. */
static bool
append_file(asc_buf *out, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    bool ok = fstat(fd, &st) == 0;
    if (ok && !S_ISREG(st.st_mode)) {
        errno = EISDIR;
        ok = false;
    }
    ok = ok && append(out, fd, (size_t)st.st_size);
    int cause = errno;
    close(fd);
    errno = cause;
    return ok;
}

/* An error with errno in it, about the value of an option. */
static asc_status
unreadable(asc_error *err, const char *option, const char *path)
{
    if (errno == ENOMEM) {
        return asc_error_set(err, ASC_ERR_NOMEM, "tls.%s", option);
    }
    if (errno == EISDIR) {
        return asc_error_set(err, ASC_ERR_TLS, "tls.%s: %s is no regular file", option,
                             path);
    }
    return asc_error_set_os(err, ASC_ERR_TLS, errno, "tls.%s: cannot read %s", option,
                            path);
}

/* Append a file and a text, where they are given. The buffer has bytes afterwards if
 * either was, a NUL behind them that does not count. */
static asc_status
take(asc_buf *out, const char *option, const char *path, const char *text,
     asc_error *err)
{
    if (path == NULL && text == NULL) {
        return ASC_OK;
    }
    if (path != NULL && !append_file(out, path)) {
        return unreadable(err, option, path);
    }
    bool ok = text == NULL ||
              (asc_buf_put(out, "\n", 1) && asc_buf_put(out, text, strlen(text)));
    if (!ok || asc_buf_reserve(out, 1) == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "tls.%s", option);
    }
    out->data[out->len] = '\0';
    return ASC_OK;
}

/* --- folders --- */

/* Call visit with the path of each visible entry of a folder. Returns false with errno
 * set when the folder cannot be read or visit says so. */
static bool
walk(const char *folder, bool (*visit)(void *context, const char *path), void *context)
{
    DIR *d = opendir(folder);
    bool ok = d != NULL;
    const struct dirent *entry;
    while (ok && (entry = readdir(d)) != NULL) {
        char path[4096];
        if (entry->d_name[0] != '.' && snprintf(path, sizeof path, "%s/%s", folder,
                                                entry->d_name) < (int)sizeof path) {
            ok = visit(context, path);
        }
    }
    int cause = errno;
    if (d != NULL) {
        closedir(d);
    }
    errno = cause;
    return ok;
}

/* Append a file of the folder if it holds PEM. What cannot be read is left out: a
 * folder may hold anything. Only lack of memory ends the walk. */
static bool
append_if_pem(void *context, const char *path)
{
    asc_buf *out = context;
    size_t before = out->len;
    if (!asc_buf_put(out, "\n", 1)) {
        errno = ENOMEM;
        return false;
    }
    if (!append_file(out, path)) {
        out->len = before;
        return errno != ENOMEM && errno != EFBIG;
    }
    if (memmem(out->data + before, out->len - before, mark, sizeof mark - 1) == NULL) {
        out->len = before;
    }
    return true;
}

static asc_status
take_folder(asc_buf *out, const char *folder, asc_error *err)
{
    if (folder == NULL) {
        return ASC_OK;
    }
    size_t before = out->len;
    if (!walk(folder, append_if_pem, out)) {
        return unreadable(err, "capath", folder);
    }
    if (out->len == before) {
        return asc_error_set(
            err, ASC_ERR_TLS,
            "tls.capath: no file in %s holds a certificate in PEM form", folder);
    }
    return take(out, "capath", NULL, "", err);
}

/* --- prints --- */

/* Mix the bytes of a number into a hash (FNV-1a). */
static uint64_t
mix(uint64_t hash, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        hash = (hash ^ (value >> 8 * i & 0xff)) * 0x100000001b3u;
    }
    return hash;
}

/* Of one file; a file that is missing has a print, too. */
static uint64_t
print_of(const char *path)
{
    struct stat st;
    uint64_t hash = 0xcbf29ce484222325u;
    if (stat(path, &st) < 0) {
        return mix(hash, (uint64_t)errno);
    }
    hash = mix(hash, (uint64_t)st.st_dev);
    hash = mix(hash, (uint64_t)st.st_ino);
    hash = mix(hash, (uint64_t)st.st_size);
#ifdef __APPLE__
    const struct timespec *changed = &st.st_mtimespec;
#else
    const struct timespec *changed = &st.st_mtim;
#endif
    return mix(mix(hash, (uint64_t)changed->tv_sec), (uint64_t)changed->tv_nsec);
}

/* Entries come in any order, so their prints are added up. */
static bool
add_print(void *context, const char *path)
{
    *(uint64_t *)context += print_of(path);
    return true;
}

uint64_t
asc_tls_files_print(const asc_tls_config *config)
{
    const char *const paths[] = {config->cafile, config->certfile, config->keyfile,
                                 config->cert_blacklist};
    uint64_t all = 0;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        all = mix(all, paths[i] != NULL ? print_of(paths[i]) : 0);
    }
    uint64_t folder = 0;
    if (config->capath != NULL) {
        walk(config->capath, add_print, &folder);
    }
    return mix(all, folder);
}

/* --- all of them --- */

void
asc_tls_files_clear(asc_tls_files *f)
{
    asc_buf_wipe(&f->ca);
    asc_buf_wipe(&f->cert);
    asc_buf_wipe(&f->key);
    asc_buf_wipe(&f->blacklist);
}

/* A file that changes while it is read has another print afterwards, and is then read
 * again. A certificate without a key of its own may have it in its own file. */
asc_status
asc_tls_files_read(asc_tls_files *out, const asc_tls_config *c, asc_error *err)
{
    asc_tls_files f = {.print = asc_tls_files_print(c)};
    bool own_key = c->keyfile != NULL || c->keystring != NULL;
    if (take(&f.ca, c->cafile != NULL ? "cafile" : "castring", c->cafile, c->castring,
             err) != ASC_OK ||
        take_folder(&f.ca, c->capath, err) != ASC_OK ||
        take(&f.cert, "certfile", c->certfile, c->certstring, err) != ASC_OK ||
        take(&f.key, own_key ? "keyfile" : "certfile",
             own_key ? c->keyfile : c->certfile, own_key ? c->keystring : c->certstring,
             err) != ASC_OK ||
        take(&f.blacklist, "cert_blacklist", c->cert_blacklist, NULL, err) != ASC_OK) {
        asc_tls_files_clear(&f);
        return err->code;
    }
    *out = f;
    return ASC_OK;
}
