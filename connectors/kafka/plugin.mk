# What the kafka connector links besides the engine.
LIBS.kafka := -lrdkafka -lpcre2-8
