#pragma once
#include "ctorch_types.h"

CT_BEGIN
/// Work of a device that was recorded once and can be given to it again by one call.
typedef struct ct_graph ct_graph;

/// Whether this libtorch can record work of `device`: CUDA, from 2.13 on.
bool ct_graph_supported(ct_device device);
/// Records what `body(context)` gives to `device`, without running it. Tensors that `body` reads and writes
/// and did not make itself must stay alive; nothing in it may wait for the device. Nil where `body`
/// returned false, too.
ct_graph *ct_graph_record(ct_device device, bool (*body)(void *context), void *context);
/// Gives the recorded work to the device's current stream.
bool ct_graph_replay(ct_graph *graph);
void ct_graph_free(ct_graph *graph);
CT_END
