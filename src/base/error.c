/* error.c - one error object for all of Moontide.
 *
 * An error is a message with notes (operator, option, record) and a chain of
 * causes. A note that any link of the chain has is a note of the whole: the
 * link that set it first stood closest to the fault, so later ones are ignored.
 *
 * When memory has run out there is no object to make; all such failures share
 * one static error, which every function here leaves as it is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdio.h>

#include "base/secret.h"

enum { RECORD_MAX = 512 };

struct mt_error {
    int code;
    char *message;
    char *operator_name;
    char *option;
    uint8_t *record;
    size_t record_len;
    char *place;
    mt_error *cause;
};

static char no_memory_text[] = "out of memory";
static mt_error no_memory = {.code = MT_ENOMEM, .message = no_memory_text};

/* ---- making ----------------------------------------------------------- */

/* A printf-made text with secrets masked. Owned; NULL when memory runs out. */
static char *format_text(const char *fmt, va_list args)
{
    va_list again;
    char *text, *masked;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len < 0)
        return mt_strdup(fmt);
    text = mt_alloc((size_t)len + 1);
    if (!text)
        return NULL;
    vsnprintf(text, (size_t)len + 1, fmt, args);
    /* A %c of 0 would end the text early; the size to free is strlen's. */
    if (strlen(text) == (size_t)len && !mt__secret_any())
        return text;
    masked = mt__secret_mask(text);
    mt_free(text, (size_t)len + 1);
    return masked;
}

static mt_error *new_error(int code, const char *fmt, va_list args)
{
    mt_error *e = mt_calloc(sizeof(*e));

    if (!e)
        return &no_memory;
    e->code = code;
    e->message = format_text(fmt, args);
    if (!e->message) {
        mt_error_free(e);
        return &no_memory;
    }
    return e;
}

int mt__fail_list(mt_error **err, int code, const char *fmt, va_list args)
{
    mt_error *cause;

    if (!err)
        return code;
    /* An error that is there already must not be lost: it came first, so it
     * becomes the cause. */
    cause = *err;
    *err = new_error(code, fmt, args);
    mt__error_add_cause(*err, cause);
    return code;
}

int mt_fail(mt_error **err, int code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    mt__fail_list(err, code, fmt, args);
    va_end(args);
    return code;
}

int mt_fail_option(mt_error **err, const char *option, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    mt__fail_list(err, MT_EOPTION, fmt, args);
    va_end(args);
    if (err)
        mt_error_set_option(*err, option);
    return MT_EOPTION;
}

int mt_fail_context(mt_error **err, const char *fmt, ...)
{
    int code = err && *err ? (*err)->code : MT_EINTERNAL;
    va_list args;

    va_start(args, fmt);
    mt__fail_list(err, code, fmt, args);
    va_end(args);
    return code;
}

void mt__error_add_cause(mt_error *err, mt_error *cause)
{
    if (!cause || cause == err)
        return;
    if (!err || err == &no_memory) {
        mt_error_free(cause);
        return;
    }
    while (err->cause && err->cause != &no_memory)
        err = err->cause;
    if (err->cause)
        mt_error_free(cause);
    else
        err->cause = cause;
}

void mt_error_free(mt_error *err)
{
    mt_error *cause;

    for (; err && err != &no_memory; err = cause) {
        cause = err->cause;
        mt_strfree(err->message);
        mt_strfree(err->operator_name);
        mt_strfree(err->option);
        mt_free(err->record, err->record_len);
        mt_strfree(err->place);
        mt_free(err, sizeof(*err));
    }
}

/* Copies one link. NULL when memory runs out. */
static mt_error *copy_link(const mt_error *from)
{
    mt_error *e = mt_calloc(sizeof(*e));
    bool whole;

    if (!e)
        return NULL;
    e->code = from->code;
    e->message = mt_strdup(from->message);
    whole = e->message != NULL;
    if (from->operator_name)
        whole &= (e->operator_name = mt_strdup(from->operator_name)) != NULL;
    if (from->option)
        whole &= (e->option = mt_strdup(from->option)) != NULL;
    if (from->place)
        whole &= (e->place = mt_strdup(from->place)) != NULL;
    if (from->record) {
        e->record = mt_alloc(from->record_len);
        whole &= e->record != NULL;
    }
    if (e->record) {
        memcpy(e->record, from->record, from->record_len);
        e->record_len = from->record_len;
    }
    if (whole)
        return e;
    mt_error_free(e);
    return NULL;
}

mt_error *mt__error_copy(const mt_error *err)
{
    mt_error *copy = NULL;
    mt_error **end = &copy;

    for (; err; err = err->cause) {
        *end = err == &no_memory ? &no_memory : copy_link(err);
        if (!*end) {
            mt_error_free(copy);
            return &no_memory;
        }
        if (*end == &no_memory)
            break;
        end = &(*end)->cause;
    }
    return copy;
}

/* ---- notes ----------------------------------------------------------- */

void mt_error_set_operator(mt_error *err, const char *name)
{
    /* Without memory the note is lost and the error is still whole. */
    if (err && err != &no_memory && name && !mt_error_operator(err))
        err->operator_name = mt_strdup(name);
}

void mt_error_set_option(mt_error *err, const char *name)
{
    if (err && err != &no_memory && name && !mt_error_option(err))
        err->option = mt_strdup(name);
}

void mt_error_set_record(mt_error *err, const void *bytes, size_t len,
                         const char *place)
{
    size_t known_len;

    if (!err || err == &no_memory)
        return;
    if (bytes && !mt_error_record(err, &known_len)) {
        len = len < RECORD_MAX ? len : RECORD_MAX;
        err->record = mt_alloc(len);
        if (err->record) {
            memcpy(err->record, bytes, len);
            err->record_len = len;
        }
    }
    if (place && !mt_error_place(err))
        err->place = mt_strdup(place);
}

/* ---- reading ----------------------------------------------------------- */

int mt_error_code(const mt_error *err)
{
    return err ? err->code : MT_OK;
}

const char *mt_error_message(const mt_error *err)
{
    return err ? err->message : "";
}

const mt_error *mt_error_cause(const mt_error *err)
{
    return err ? err->cause : NULL;
}

const char *mt_error_operator(const mt_error *err)
{
    for (; err; err = err->cause) {
        if (err->operator_name)
            return err->operator_name;
    }
    return NULL;
}

const char *mt_error_option(const mt_error *err)
{
    for (; err; err = err->cause) {
        if (err->option)
            return err->option;
    }
    return NULL;
}

const char *mt_error_place(const mt_error *err)
{
    for (; err; err = err->cause) {
        if (err->place)
            return err->place;
    }
    return NULL;
}

const void *mt_error_record(const mt_error *err, size_t *len)
{
    for (; err; err = err->cause) {
        if (err->record) {
            *len = err->record_len;
            return err->record;
        }
    }
    *len = 0;
    return NULL;
}

const char *mt_code_name(int code)
{
    switch (code) {
#define CODE_NAME(value, name, text)                                           \
    case value:                                                                \
        return #name;
        MT_CODES(CODE_NAME)
#undef CODE_NAME
    case MT_OK:
        return "OK";
    default:
        return "UNKNOWN";
    }
}

int mt_error_text(const mt_error *err, mt_buf *out)
{
    const mt_error *e;
    const void *record;
    size_t len;
    int rc;

    if (!err)
        return 0;
    rc = mt_buf_printf(out, "%s", err->message);
    for (e = err->cause; e && rc == 0; e = e->cause)
        rc = mt_buf_printf(out, ": %s", e->message);
    if (rc == 0 && mt_error_operator(err))
        rc = mt_buf_printf(out, "\n  operator: %s", mt_error_operator(err));
    if (rc == 0 && mt_error_option(err))
        rc = mt_buf_printf(out, "\n  option: %s", mt_error_option(err));
    if (rc == 0 && mt_error_place(err))
        rc = mt_buf_printf(out, "\n  at: %s", mt_error_place(err));
    record = mt_error_record(err, &len);
    if (rc == 0 && record) {
        rc = mt_buf_printf(out, "\n  record: ");
        if (rc == 0)
            rc = mt__escape(out, record, len, RECORD_MAX);
    }
    return rc;
}

/* ---- bytes as readable text ---------------------------------------------- */

/* Length of the well-formed UTF-8 sequence at p, or 0. */
static size_t utf8_len(const uint8_t *p, size_t len)
{
    size_t n, i;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    n = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (n > len)
        return 0;
    for (i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    /* Overlong forms, surrogates and what lies past U+10FFFF. */
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return n;
}

static int escape_byte(mt_buf *out, uint8_t byte)
{
    switch (byte) {
    case '\n':
        return mt_buf_append(out, "\\n", 2);
    case '\r':
        return mt_buf_append(out, "\\r", 2);
    case '\t':
        return mt_buf_append(out, "\\t", 2);
    default:
        return mt_buf_printf(out, "\\x%02X", byte);
    }
}

int mt__escape(mt_buf *out, const void *bytes, size_t len, size_t max)
{
    const uint8_t *p = bytes;
    size_t shown = len < max ? len : max;
    size_t i, n;
    int rc = 0;

    for (i = 0; i < shown && rc == 0; i += n) {
        n = utf8_len(p + i, len - i);
        /* A character that the cut would split is left out whole. */
        if (n > 1 && i + n > shown)
            break;
        if (n == 0 || p[i] < 0x20 || p[i] == 0x7F) {
            rc = escape_byte(out, p[i]);
            n = 1;
        } else {
            rc = mt_buf_append(out, p + i, n);
        }
    }
    if (rc == 0 && shown < len)
        rc = mt_buf_printf(out, "... (%zu bytes)", len);
    return rc;
}
