import CTorch

/// A frozen network in host memory: built once, node by node, then run forward.
///
/// Weights are packed once for each image size, activations and residuals happen inside the
/// convolutions, and values share one block of memory. float32 or bfloat16. One thread at a time.
package final class FrozenProgram: @unchecked Sendable {
  /// What a node calculates, `[N, C, H, W]`.
  package struct Value: Sendable {
    fileprivate let index: Int64
  }

  private let handle: OpaquePointer
  private var outputCount = 0

  /// An empty program that calculates in `type`.
  package init(_ type: ElementType) {
    var made: OpaquePointer?
    TorchRuntime.check(ct_program_new(&made, type.code), "program")
    guard let made else { TorchRuntime.onFailure("program: none came back") }
    handle = made
  }

  deinit { ct_program_free(handle) }

  private func value(_ operation: StaticString, _ call: (inout Int64) -> Int32) -> Value {
    var index: Int64 = -1
    TorchRuntime.check(call(&index), operation)
    return Value(index: index)
  }

  /// The images; exactly one input.
  package func input(channels: Int) -> Value {
    value("program input") { ct_program_input(&$0, handle, Int64(channels)) }
  }

  /// activation(convolution(input) + bias + residual).
  package func convolution(
    _ input: Value, weight: Tensor, bias: Tensor?, _ window: Window, activation: Activation,
    adding residual: Value? = nil
  ) -> Value {
    value("program convolution") {
      ct_program_convolution(
        &$0, handle, input.index, weight.handle, bias?.handle, Int32(window.stride),
        Int32(window.padding), Int32(window.dilation), Int32(window.groups), activation.code,
        residual?.index ?? -1)
    }
  }

  /// The largest element of each window.
  package func maxPool(_ input: Value, kernel: Int, stride: Int, padding: Int) -> Value {
    value("program max_pool") {
      ct_program_max_pool(&$0, handle, input.index, Int32(kernel), Int32(stride), Int32(padding))
    }
  }

  /// The means of `bins * bins` bins.
  package func averagePool(_ input: Value, bins: Int) -> Value {
    value("program average_pool") {
      ct_program_average_pool(&$0, handle, input.index, Int32(bins))
    }
  }

  /// Bilinear resizing, to the size of another value.
  package func resize(_ input: Value, like other: Value, grid: ResizeGrid) -> Value {
    value("program resize") {
      ct_program_resize(
        &$0, handle, input.index, other.index, grid == .alignedCorners)
    }
  }

  /// Each channel of `[N, C, H, W]` times its factor of `[N, C, 1, 1]`.
  package func scale(_ input: Value, by factors: Value) -> Value {
    value("program scale") { ct_program_scale(&$0, handle, input.index, factors.index) }
  }

  /// The values' channels one after the other.
  package func concatenate(_ inputs: [Value]) -> Value {
    value("program concatenate") {
      ct_program_concatenate(&$0, handle, inputs.map(\.index), Int32(inputs.count))
    }
  }

  /// Makes a value the next result of `run`.
  package func output(_ value: Value) {
    TorchRuntime.check(ct_program_output(handle, value.index), "program output")
    outputCount += 1
  }

  /// The outputs for images `[N, C, H, W]`, one image after the other.
  package func run(_ x: Tensor) -> [Tensor] {
    var results = [OpaquePointer?](repeating: nil, count: outputCount)
    TorchRuntime.check(
      ct_program_run(&results, Int32(outputCount), handle, x.handle), "program run", x)
    return results.compactMap { $0.map(Tensor.init(owning:)) }
  }
}
