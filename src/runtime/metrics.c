/* The metrics of a job: a list in the order of their making. Looking one up is
 * linear; whoever counts often keeps the pointer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "runtime/metrics.h"

#include <stdatomic.h>

struct mt_metric {
    _Atomic int64_t value;
    const void *owner;
    const char *operator_name;
    int32_t subtask;
    char *name;
    mt_metric *next;
};

int mt__metrics_init(mt__metrics *metrics, mt_error **err)
{
    memset(metrics, 0, sizeof(*metrics));
    if (pthread_mutex_init(&metrics->mutex, NULL) != 0)
        return mt_fail(err, MT_ENOMEM, "no memory for a mutex");
    metrics->ready = true;
    return 0;
}

void mt__metrics_fini(mt__metrics *metrics)
{
    mt_metric *m, *next;

    for (m = metrics->first; m; m = next) {
        next = m->next;
        mt_strfree(m->name);
        mt_free(m, sizeof(*m));
    }
    if (metrics->ready)
        pthread_mutex_destroy(&metrics->mutex);
    memset(metrics, 0, sizeof(*metrics));
}

static mt_metric *new_metric(const void *owner, const char *operator_name,
                             int32_t subtask, const char *name)
{
    mt_metric *m = mt_calloc(sizeof(*m));

    if (!m)
        return NULL;
    m->owner = owner;
    m->operator_name = operator_name;
    m->subtask = subtask;
    m->name = mt_strdup(name);
    if (!m->name) {
        mt_free(m, sizeof(*m));
        return NULL;
    }
    return m;
}

mt_metric *mt__metrics_get(mt__metrics *metrics, const void *owner,
                           const char *operator_name, int32_t subtask,
                           const char *name)
{
    mt_metric *m;
    int32_t owned = 0;

    pthread_mutex_lock(&metrics->mutex);
    for (m = metrics->first; m; m = m->next) {
        if (m->owner != owner)
            continue;
        if (strcmp(m->name, name) == 0)
            break;
        owned++;
    }
    if (!m && owned < MT__METRICS_MAX) {
        m = new_metric(owner, operator_name, subtask, name);
        if (m && metrics->last)
            metrics->last->next = m;
        else if (m)
            metrics->first = m;
        if (m)
            metrics->last = m;
    }
    pthread_mutex_unlock(&metrics->mutex);
    return m;
}

int64_t mt__metric_value(const mt_metric *m)
{
    return m ? atomic_load_explicit(&m->value, memory_order_relaxed) : 0;
}

void mt__metrics_each(mt__metrics *metrics, mt_metric_fn fn, void *arg)
{
    mt_metric *m;

    pthread_mutex_lock(&metrics->mutex);
    for (m = metrics->first; m; m = m->next)
        fn(arg, m->operator_name, m->subtask, m->name, mt__metric_value(m));
    pthread_mutex_unlock(&metrics->mutex);
}

void mt_metric_add(mt_metric *m, int64_t n)
{
    if (m)
        atomic_fetch_add_explicit(&m->value, n, memory_order_relaxed);
}

void mt_metric_set(mt_metric *m, int64_t v)
{
    if (m)
        atomic_store_explicit(&m->value, v, memory_order_relaxed);
}
