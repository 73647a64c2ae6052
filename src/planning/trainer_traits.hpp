#pragma once

namespace alsace {

/// What the trainer of this program does, as far as memory and time depend on it: to be changed together with the
/// trainer. `tests/program/plan_memory_test.py` compares the memory with what training really takes.
struct TrainerTraits {
  bool shared_windows = true;          ///< `replicate` has one copy of the factors a host, not one a rank
  bool needed_exchange = true;         ///< `needed` is there to be chosen
  bool overlapped_exchange = true;     ///< solved rows leave while the next ones are solved
  bool keeps_previous_sweep = true;    ///< own rows of both sides, to go back to when a sweep is stopped
  bool copies_for_checkpoint = false;  ///< of own factors and seen lists while a checkpoint is written
  bool overlapped_checkpoint = true;   ///< it is written while the next sweep runs, so that both are in memory
  bool rotated_copy = true;            ///< of the fixed side, for the dual of short rows (implicit objectives)
};
inline constexpr TrainerTraits trainer_traits;

}  // namespace alsace
