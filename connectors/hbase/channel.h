/* channel.h - one connection to one region server, and calls on it.
 *
 * A call waits for its answer, looks at the job's cancellation at least every
 * 100 ms and ends with the time that 'hbase.rpc.timeout' gives. Whatever goes
 * wrong on the wire breaks the channel; it is then to be closed, and whoever
 * called decides whether to try again: MT_ERETRY says that it makes sense.
 *
 * thread: one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_HBASE_CHANNEL_H
#define MT_HBASE_CHANNEL_H

#include <protobuf-c/protobuf-c.h>

#include "moontide_plugin.h"

typedef struct hbase_channel hbase_channel;

/* Borrowed from the channel until its next call. */
typedef struct hbase_reply {
    mt_span message;
    mt_span cells;
} hbase_reply;

/* Connects and introduces us as `user`. Returns owned, NULL with err. */
hbase_channel *hbase_channel_open(mt_context *ctx, const char *host,
                                  int32_t port, const char *user,
                                  int64_t timeout_ms, mt_error **err);
void hbase_channel_close(hbase_channel *c); /* NULL is fine */
bool hbase_channel_broken(const hbase_channel *c);

/* Calls `method` of the client service; `cells` may be NULL. MT_ERETRY: the
 * connection failed, or the server says that it may work elsewhere or later;
 * MT_EIO: the server says that it never will. */
int hbase_channel_call(hbase_channel *c, const char *method,
                       const ProtobufCMessage *param, const mt_buf *cells,
                       hbase_reply *reply, mt_error **err);

/* Reads a message of an answer. Returns owned by hbase_message_free(); NULL
 * with err. */
void *hbase_message_read(const ProtobufCMessageDescriptor *what, mt_span bytes,
                         mt_error **err);
void hbase_message_free(void *message); /* NULL is fine */

/* Fails with what a server's exception says: its class and the first line of
 * its text. MT_EIO when its class, or `final`, says that it will stay so, else
 * MT_ERETRY. */
int hbase_exception_fail(const char *class_name, mt_span text, bool final,
                         mt_error **err);

/* Sleeps; MT_ECANCELLED when the job ends meanwhile. */
int hbase_sleep(mt_context *ctx, int64_t ms, mt_error **err);

#endif
