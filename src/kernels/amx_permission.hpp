#pragma once

namespace alsace {

/// Whether the processor has AMX with bf16 and Linux (5.16 or later) lets this process use its tiles. Asks for that,
/// once, for all threads there are and will be: the one system call of src/, since the first tile instruction without
/// it ends the process.
bool amx_is_permitted();

}  // namespace alsace
