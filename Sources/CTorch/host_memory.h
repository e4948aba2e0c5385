#pragma once

namespace ct {

/// From now on libtorch takes memory on the host from free lists of ours. Called once, before the
/// first tensor.
void keep_host_memory();

} // namespace ct
