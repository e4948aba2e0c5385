#pragma once
// The C interface to libtorch, one header per noun. Every function returns nil (a tensor) or false
// (anything else) on failure, and `ct_error_message` then says why, on the same thread.
#include "ctorch_types.h"

#include "ctorch_autograd.h"
#include "ctorch_create.h"
#include "ctorch_decode.h"
#include "ctorch_decoder.h"
#include "ctorch_device.h"
#include "ctorch_graph.h"
#include "ctorch_index.h"
#include "ctorch_inference.h"
#include "ctorch_known.h"
#include "ctorch_kernels.h"
#include "ctorch_math.h"
#include "ctorch_network.h"
#include "ctorch_optimizer.h"
#include "ctorch_quantization.h"
#include "ctorch_reduce.h"
#include "ctorch_shape.h"
#include "ctorch_tensor.h"
