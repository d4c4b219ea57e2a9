/* The places land in simdjson's own array, four bytes a byte of text; it grows
 * with the largest text and shrinks when a small one follows. simdjson
 * allocates with new and throws nothing here.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/json_scan.h"

#include <memory>
#include <new>
#include <simdjson.h>

struct mt__json_scanner {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
};

/* Usual documents never make a scanner grow. */
static const size_t CAPACITY_FIRST = 16 * 1024;
/* What is kept when small documents follow a large one. */
static const size_t CAPACITY_KEPT = 1024 * 1024;
static const size_t TEXT_MAX = size_t(1) << 30;

extern "C" mt__json_scanner *mt__json_scanner_new(void)
{
    mt__json_scanner *s = new (std::nothrow) mt__json_scanner;

    if (s &&
        simdjson::get_active_implementation()->create_dom_parser_implementation(
            CAPACITY_FIRST, 1, s->parser) != simdjson::SUCCESS) {
        delete s;
        s = nullptr;
    }
    return s;
}

extern "C" void mt__json_scanner_free(mt__json_scanner *scanner)
{
    delete scanner;
}

/* Room for a text of `len` bytes; false without memory. */
static bool fit(simdjson::internal::dom_parser_implementation &parser,
                size_t len)
{
    bool small = len <= CAPACITY_FIRST;

    if (len <= parser.capacity() &&
        !(small && parser.capacity() > CAPACITY_KEPT))
        return true;
    return parser.set_capacity(small ? CAPACITY_FIRST : len + len / 4) ==
           simdjson::SUCCESS;
}

extern "C" int mt__json_scan(mt__json_scanner *scanner, const uint8_t *text,
                             size_t len, const uint32_t **places)
{
    auto &parser = *scanner->parser;
    uint32_t found;

    if (len == 0 || len > TEXT_MAX)
        return MT_ERECORD;
    if (!fit(parser, len))
        return MT_ENOMEM;
    if (parser.stage1(text, len, simdjson::stage1_mode::regular) !=
        simdjson::SUCCESS)
        return MT_ERECORD;
    found = parser.n_structural_indexes;
    /* Room for these is part of simdjson's contract with its second stage. */
    parser.structural_indexes[found] = uint32_t(len);
    parser.structural_indexes[found + 1] = uint32_t(len);
    *places = parser.structural_indexes.get();
    return 0;
}
