/* simd.cc - simdjson's first stage, which finds structure 64 bytes at a time
 * with the widest registers of this processor.
 *
 * The places land in simdjson's own array, four bytes a byte of text; it grows
 * with the largest text scanned and shrinks when a small one follows. simdjson
 * allocates with new and throws nothing here.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "simd.h"

#include <memory>
#include <new>
#include <simdjson.h>

struct json_scanner {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
};

/* What the smallest scanner is made for, so that usual chunks never grow it. */
static const size_t FIRST_CAPACITY = 64 * 1024;
/* What is kept through small texts. */
static const size_t KEPT_CAPACITY = 4 * 1024 * 1024;

extern "C" json_scanner *json_scanner_new(void)
{
    json_scanner *s = new (std::nothrow) json_scanner;

    if (!s)
        return nullptr;
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(
            FIRST_CAPACITY, 1, s->parser) != simdjson::SUCCESS) {
        delete s;
        return nullptr;
    }
    return s;
}

extern "C" void json_scanner_free(json_scanner *s)
{
    delete s;
}

extern "C" json_scan_result json_scan(json_scanner *s, const uint8_t *text,
                                      size_t len, const uint32_t **at,
                                      uint32_t *at_len)
{
    auto &parser = *s->parser;

    if (len > parser.capacity() ||
        (parser.capacity() > KEPT_CAPACITY && len <= FIRST_CAPACITY)) {
        size_t capacity = len > FIRST_CAPACITY ? len + len / 4 : FIRST_CAPACITY;

        if (parser.set_capacity(capacity) != simdjson::SUCCESS)
            return JSON_SCAN_NOMEM;
    }
    switch (parser.stage1(text, len, simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS:
        *at_len = parser.n_structural_indexes;
        break;
    case simdjson::EMPTY: /* nothing but blanks */
        *at_len = 0;
        break;
    default:
        return JSON_SCAN_BAD;
    }
    /* Room for these is part of simdjson's contract with its second stage. */
    parser.structural_indexes[*at_len] = uint32_t(len);
    parser.structural_indexes[*at_len + 1] = uint32_t(len);
    *at = parser.structural_indexes.get();
    return JSON_SCAN_OK;
}
