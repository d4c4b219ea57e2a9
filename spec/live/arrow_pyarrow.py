"""Hands record batches to Moontide and takes them back, through the Arrow C data
interface and nothing else. Run by arrow_spec.lua: `arrow_pyarrow.py LIBRARY`
prints a line for each check: "ok" or "failed", a tab, its name, a tab, why.

SPDX-License-Identifier: Apache-2.0"""
import ctypes
import datetime
import decimal
import gc
import sys

import pyarrow as pa

lib = ctypes.CDLL(sys.argv[1])
pointer = ctypes.c_void_p
lib.mt_arrow_import.restype = pointer
lib.mt_arrow_import.argtypes = [pointer] * 3
lib.mt_arrow_export.argtypes = [pointer] * 3
lib.mt_arrow_export_schema.argtypes = [pointer] * 3
lib.mt_arrow_import_schema.restype = pointer
lib.mt_arrow_import_schema.argtypes = [pointer] * 2
lib.mt_batch_take.restype = pointer
lib.mt_batch_take.argtypes = [pointer, pointer, ctypes.c_int32, pointer]
lib.mt_batch_unref.argtypes = [pointer]
lib.mt_type_unref.argtypes = [pointer]
lib.mt_error_message.restype = ctypes.c_char_p
lib.mt_error_message.argtypes = [pointer]
lib.mt_error_free.argtypes = [pointer]

SCHEMA_BYTES, ARRAY_BYTES = 9 * 8, 10 * 8


class MoontideError(Exception):
    pass


class Errors:
    """The `mt_error **` of a call, raised when it was filled."""

    def __init__(self):
        self.err = pointer()

    @property
    def ref(self):
        return ctypes.addressof(self.err)

    def check(self, good):
        if not good:
            text = lib.mt_error_message(self.err).decode()
            lib.mt_error_free(self.err)
            raise MoontideError(text)


def to_moontide(batch):
    """A mt_batch of a pyarrow one, and its mt_type."""
    schema = ctypes.create_string_buffer(SCHEMA_BYTES)
    array = ctypes.create_string_buffer(ARRAY_BYTES)
    at_schema, at_array = ctypes.addressof(schema), ctypes.addressof(array)
    batch._export_to_c(at_array, at_schema)
    errors = Errors()
    mt_type = lib.mt_arrow_import_schema(at_schema, errors.ref)
    try:
        errors.check(mt_type)
        mt_batch = lib.mt_arrow_import(at_array, at_schema, errors.ref)
        errors.check(mt_batch)
    except MoontideError:
        lib.mt_type_unref(mt_type)
        raise
    finally:
        # The schema is ours to release: pyarrow does it as it imports it.
        pa.Schema._import_from_c(at_schema)
    return mt_batch, mt_type


def to_pyarrow(mt_batch, mt_type):
    schema = ctypes.create_string_buffer(SCHEMA_BYTES)
    array = ctypes.create_string_buffer(ARRAY_BYTES)
    errors = Errors()
    errors.check(lib.mt_arrow_export_schema(
        mt_type, ctypes.addressof(schema), errors.ref) == 0)
    errors.check(lib.mt_arrow_export(
        mt_batch, ctypes.addressof(array), errors.ref) == 0)
    back = pa.RecordBatch._import_from_c(
        ctypes.addressof(array), ctypes.addressof(schema))
    back.validate(full=True)
    return back


def round_trip(batch, rows=None):
    mt_batch, mt_type = to_moontide(batch)
    try:
        if rows is not None:
            # Memory of Moontide's own from here on.
            numbers = (ctypes.c_int32 * len(rows))(*rows)
            taken = lib.mt_batch_take(mt_batch, numbers, len(rows), None)
            lib.mt_batch_unref(mt_batch)
            mt_batch = taken
        return to_pyarrow(mt_batch, mt_type)
    finally:
        lib.mt_batch_unref(mt_batch)
        lib.mt_type_unref(mt_type)


def columns():
    """name, type, values, the type that comes back (None: the same)."""
    day = datetime.date(2020, 2, 29)
    noon = datetime.datetime(2020, 2, 29, 12, 34, 56, 789012)
    old = datetime.datetime(1, 1, 1, 0, 0, 0, 1)
    utc = datetime.timezone.utc
    yield "bool", pa.bool_(), [True, None, False], None
    yield "int8", pa.int8(), [-128, None, 127], None
    yield "int16", pa.int16(), [-2**15, None, 2**15 - 1], None
    yield "int32", pa.int32(), [-2**31, None, 2**31 - 1], None
    yield "int64", pa.int64(), [-2**63, None, 2**63 - 1], None
    yield "float", pa.float32(), [0.5, None, float("inf")], None
    yield "double", pa.float64(), [0.1, None, -1e308], None
    yield "decimal", pa.decimal128(38, 10), [
        decimal.Decimal("9" * 28 + "." + "9" * 10), None,
        decimal.Decimal("-0.0000000001")], None
    yield "string", pa.string(), ["", None, "Mond \U0001f319"], None
    yield "large_string", pa.large_string(), ["a", None, "bc"], pa.string()
    yield "binary", pa.binary(), [b"", None, b"\x00\xff"], None
    yield "date32", pa.date32(), [day, None, datetime.date(1, 1, 1)], None
    yield "date64", pa.date64(), [day, None, datetime.date(1969, 12, 31)], pa.date32()
    yield "time32", pa.time32("ms"), [datetime.time(23, 59, 59, 999000), None,
                                      datetime.time(0)], None
    yield "time64", pa.time64("ns"), [1, None, 86399999999999], None
    yield "timestamp us", pa.timestamp("us"), [noon, None, old], None
    yield "timestamp ns", pa.timestamp("ns"), [-1, None, 1577836800000000001], None
    yield "timestamp s", pa.timestamp("s"), [
        datetime.datetime(2020, 1, 1), None, datetime.datetime(1960, 1, 1)], pa.timestamp("us")
    yield "timestamp UTC", pa.timestamp("us", "UTC"), [
        noon.replace(tzinfo=utc), None, old.replace(tzinfo=utc)], None
    yield "duration", pa.duration("ms"), [datetime.timedelta(days=1), None,
                                          datetime.timedelta(milliseconds=-1)], None
    yield "list", pa.list_(pa.list_(pa.string())), [[["a", None], []], None, []], None
    yield "map", pa.map_(pa.string(), pa.int32()), [[("a", 1), ("b", None)], None, []], None
    yield "struct", pa.struct([("x", pa.int32()), ("y", pa.list_(pa.bool_()))]), [
        {"x": 1, "y": [True, None]}, None, {"x": None, "y": None}], None
    yield "null", pa.null(), [None, None, None], None


def same(got, want, back):
    want = want.cast(back) if back is not None else want
    # Names of list elements are not kept, so nested types are cast first.
    if pa.types.is_nested(want.type):
        got = got.cast(want.type)
    assert got.type == want.type, f"{got.type} is not {want.type}"
    assert got.equals(want), f"{got} is not {want}"


def check_column(type_, values, back):
    column = pa.array(values * 5, type_)
    batch = pa.record_batch([column], names=["c"])
    same(round_trip(batch).column(0), column, back)
    # A slice, as a reader of a larger file would hand it over.
    same(round_trip(batch.slice(4, 7)).column(0), column.slice(4, 7), back)
    rows = [14, 0, 0, 7, 2]
    same(round_trip(batch, rows).column(0), column.take(pa.array(rows)), back)
    same(round_trip(batch.slice(0, 0)).column(0), column.slice(0, 0), back)


def check_memory():
    gc.collect()
    before = pa.total_allocated_bytes()
    batch = pa.record_batch([pa.array(range(100000)), pa.array(["x"] * 100000)],
                            names=["a", "b"])
    mt_batch, mt_type = to_moontide(batch)
    address = batch.column(0).buffers()[1].address
    back = to_pyarrow(mt_batch, mt_type)
    assert back.column(0).buffers()[1].address == address, "was copied"
    del batch
    lib.mt_batch_unref(mt_batch)
    lib.mt_type_unref(mt_type)
    assert back.column(0)[99999].as_py() == 99999, "memory went too early"
    del back
    gc.collect()
    left = pa.total_allocated_bytes() - before
    assert left == 0, f"{left} bytes are left"


def check_refusal():
    batch = pa.record_batch([pa.array([1], pa.uint64())], names=["u"])
    try:
        round_trip(batch)
    except MoontideError as e:
        assert "not supported yet: Arrow's format 'L'" in str(e), str(e)
    else:
        raise AssertionError("was taken")


def report(name, check, *args):
    try:
        check(*args)
        print(f"ok\t{name}\t")
    except Exception as e:  # whatever went wrong is the answer
        text = " ".join(str(e).split())
        print(f"failed\t{name}\t{type(e).__name__} {text}")


for name_, type__, values_, back_ in columns():
    report(name_, check_column, type__, values_, back_)
report("memory", check_memory)
report("refusal", check_refusal)
