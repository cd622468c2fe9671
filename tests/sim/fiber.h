/// A function with a stack of its own that can be left in the middle and gone on with: how several workers live in one
/// thread, so that one seed is one run. ucontext(3); the sanitizer is told of each change of stack.
#pragma once

#include <ucontext.h>

#include <functional>
#include <memory>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace workprint::sim {

class Fiber {
 public:
  explicit Fiber(std::function<void()> body) : body_(std::move(body)), stack_(new char[stack_bytes]) {
    getcontext(&own_);
    own_.uc_stack.ss_sp = stack_.get();
    own_.uc_stack.ss_size = stack_bytes;
    own_.uc_link = nullptr;
    const auto self = reinterpret_cast<std::uintptr_t>(this);
    makecontext(&own_, reinterpret_cast<void (*)()>(&Fiber::enter), 2, static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs it until it leaves or ends. REQUIRES: not ended; called from outside of it.
  void resume() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&outer_fake_, stack_.get(), stack_bytes);
#endif
    swapcontext(&outer_, &own_);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(outer_fake_, nullptr, nullptr);
#endif
  }
  /// Back to whoever resumed it. Called from inside.
  void leave() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(has_ended_ ? nullptr : &own_fake_, outer_bottom_, outer_bytes_);
#endif
    swapcontext(&own_, &outer_);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(own_fake_, &outer_bottom_, &outer_bytes_);
#endif
  }
  [[nodiscard]] bool has_ended() const { return has_ended_; }

 private:
  static constexpr std::size_t stack_bytes = 512 * 1024;

  static void enter(unsigned high, unsigned low) {
    auto* self = reinterpret_cast<Fiber*>((static_cast<std::uintptr_t>(high) << 32) | low);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &self->outer_bottom_, &self->outer_bytes_);
#endif
    self->body_();
    self->has_ended_ = true;
    self->leave();
  }

  std::function<void()> body_;
  std::unique_ptr<char[]> stack_;
  ucontext_t own_{}, outer_{};
  bool has_ended_ = false;
#if defined(__SANITIZE_ADDRESS__)
  void* own_fake_ = nullptr;
  void* outer_fake_ = nullptr;
  const void* outer_bottom_ = nullptr;
  std::size_t outer_bytes_ = 0;
#endif
};

}  // namespace workprint::sim
