import CTorch
import Synchronization

extension Tensor {
  /// Whether operators on this tensor record history. Settable on leaves.
  package var requiresGradient: Bool {
    get { ct_requires_grad(handle) }
    set {
      TorchRuntime.check(ct_set_requires_grad(handle, newValue), "requires_grad", self)
    }
  }

  /// Gives this leaf other memory of the same shape, as a view of a larger buffer.
  package func move(into memory: Tensor) {
    TorchRuntime.check(ct_set_memory(handle, memory.handle), "set_data", self, memory)
  }

  /// The same memory without history.
  package var detached: Tensor { .make("detach", self) { ct_detach(&$0, handle) } }

  /// The gradient that backward passes have added up; nil before the first.
  ///
  /// A gradient that is set beforehand is added to in place: set it to a zeroed view of a larger
  /// buffer, and backward writes there.
  package var gradient: Tensor? {
    get {
      var grad: OpaquePointer?
      TorchRuntime.check(ct_grad(&grad, handle), "grad", self)
      return grad.map(Tensor.init(owning:))
    }
    set { TorchRuntime.check(ct_set_grad(handle, newValue?.handle), "set grad", self) }
  }

  /// Calls `body` whenever this leaf's gradient is final, on the thread that runs backward.
  ///
  /// LibTorch keeps the leaf and its hooks for the life of the process; what `body` captures only until
  /// the hook is removed.
  ///
  /// - Returns: what removes the hook. To let go of it removes nothing.
  @discardableResult
  package func onGradient(_ body: @escaping @Sendable () -> Void) -> GradientHook {
    let hook = GradientHook(body)
    let context = Unmanaged.passRetained(hook).toOpaque()
    let status = ct_on_gradient(
      handle,
      { context in
        if let context { Unmanaged<GradientHook>.fromOpaque(context).takeUnretainedValue().call() }
      }, context)
    TorchRuntime.check(status, "gradient hook", self)
    return hook
  }
}

/// A call of the caller's whenever a leaf's gradient is final, until it is removed.
package final class GradientHook: Sendable {
  private let body: Mutex<(@Sendable () -> Void)?>

  fileprivate init(_ body: @escaping @Sendable () -> Void) { self.body = Mutex(body) }

  /// Lets go of the call and of all that it holds. Not during a backward pass.
  package func remove() { body.withLock { $0 = nil } }

  fileprivate func call() {
    // Not within the lock: what is called may take a while.
    let body = body.withLock { $0 }
    body?()
  }
}

/// Recording history and running backward passes.
package enum Autograd {
  /// Runs `body` without recording history on this thread.
  package static func withoutHistory<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = ct_set_grad_enabled(false)
    defer { _ = ct_set_grad_enabled(before) }
    return try body()
  }

  /// Adds d(sum of roots)/d(leaf) to the gradient of every leaf.
  ///
  /// - Parameter roots: outputs with the gradient of the loss with respect to each; nil for a
  ///   scalar that is itself a part of the loss.
  package static func backward(_ roots: [(output: Tensor, gradient: Tensor?)]) {
    let outputs: [OpaquePointer?] = roots.map(\.output.handle)
    let gradients: [OpaquePointer?] = roots.map { $0.gradient?.handle }
    withExtendedLifetime(roots) {
      TorchRuntime.check(ct_backward(outputs, gradients, Int32(roots.count)), "backward")
    }
  }

  /// The gradient of a scalar with respect to a tensor that it was computed from.
  ///
  /// - Parameters:
  ///   - root: the scalar.
  ///   - input: any shape; the gradient has it too.
  ///   - keepingGraph: whether the gradient has history itself, for second derivatives.
  package static func gradient(
    of root: Tensor, withRespectTo input: Tensor, keepingGraph: Bool
  ) -> Tensor {
    .make("gradient", root, input) {
      ct_gradient(&$0, root.handle, input.handle, keepingGraph)
    }
  }

  /// Runs `body` with operators that have second derivatives, on this thread; operators of `custom`
  /// have none.
  package static func twiceDifferentiable<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = ct_set_plain_convolution(true)
    defer { _ = ct_set_plain_convolution(before) }
    return try body()
  }

  /// The gradients of an operator's inputs, given those of its outputs (nil: zero).
  package typealias Backward = ([Tensor?]) -> [Tensor?]

  /// Gives tensors that were computed without history a backward pass of the caller's.
  ///
  /// - Parameters:
  ///   - outputs: the operator's results, computed inside `withoutHistory`. `backward` may capture
  ///     them: what is returned are other tensors over the same memory.
  ///   - inputs: the tensors that the operator read, in the order of `backward`'s results.
  ///   - backward: runs at most once, on the thread that runs the backward pass.
  /// - Returns: the outputs with history.
  package static func custom(
    _ outputs: [Tensor], of inputs: [Tensor], backward: @escaping Backward
  ) -> [Tensor] {
    let context = Unmanaged.passRetained(BackwardBox(backward, outputCount: outputs.count))
      .toOpaque()
    var made = [OpaquePointer?](repeating: nil, count: outputs.count)
    let status = withExtendedLifetime((outputs, inputs)) {
      ct_custom(
        &made, outputs.map(\.handle), Int32(outputs.count), inputs.map(\.handle),
        Int32(inputs.count),
        { context, given, results in
          guard let context, let given, let results else { return -1 }
          let box = Unmanaged<BackwardBox>.fromOpaque(context).takeUnretainedValue()
          return box.run(given, results)
        },
        { context in
          if let context { Unmanaged<BackwardBox>.fromOpaque(context).release() }
        }, context)
    }
    TorchRuntime.check(status, "custom operator")
    return made.compactMap { $0.map(Tensor.init(owning:)) }
  }

  /// A linear operator that is its own adjoint, such as a sum over ranks: its backward is itself, and so
  /// is that one's.
  ///
  /// - Parameters:
  ///   - x: any shape and type.
  ///   - apply: changes the values, as float64; runs now and in each backward pass, on the thread that
  ///     runs it.
  /// - Returns: the changed values, of x's shape and type, with history.
  package static func selfAdjoint(
    _ x: Tensor, _ apply: @escaping (UnsafeMutableBufferPointer<Double>) -> Void
  ) -> Tensor {
    let context = Unmanaged.passRetained(AdjointBox(apply)).toOpaque()
    return .make("self-adjoint operator", x) {
      ct_self_adjoint(
        &$0, x.handle,
        { context, values, count in
          guard let context else { return -1 }
          let box = Unmanaged<AdjointBox>.fromOpaque(context).takeUnretainedValue()
          box.apply(UnsafeMutableBufferPointer(start: values, count: Int(count)))
          return 0
        },
        { context in
          if let context { Unmanaged<AdjointBox>.fromOpaque(context).release() }
        }, context)
    }
  }
}

/// What an operator of `selfAdjoint` does to its values.
private final class AdjointBox {
  let apply: (UnsafeMutableBufferPointer<Double>) -> Void
  init(_ apply: @escaping (UnsafeMutableBufferPointer<Double>) -> Void) { self.apply = apply }
}

private final class BackwardBox {
  let backward: Autograd.Backward
  let outputCount: Int

  init(_ backward: @escaping Autograd.Backward, outputCount: Int) {
    self.backward = backward
    self.outputCount = outputCount
  }

  /// Runs with tensors of the C library: `given` stay its own, `results` become its own.
  func run(
    _ given: UnsafePointer<OpaquePointer?>, _ results: UnsafeMutablePointer<OpaquePointer?>
  ) -> Int32 {
    let gradients = (0..<outputCount).map { index in
      given[index].map { borrowed in Tensor.make("grad") { ct_detach(&$0, borrowed) } }
    }
    for (index, result) in backward(gradients).enumerated() {
      guard let result else { continue }
      results[index] = result.newHandle()
    }
    return 0
  }
}
