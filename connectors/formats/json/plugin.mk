LIBS.formats/json := -lsimdjson

# A fuzzer is a C program, whose sanitizer knows nothing of C++'s vtables.
$(BUILD)/obj/connectors/formats/json/simd.cc.o: CXXFLAGS += -fno-sanitize=vptr
