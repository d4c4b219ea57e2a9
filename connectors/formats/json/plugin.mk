LIBS.formats/json := -lsimdjson
