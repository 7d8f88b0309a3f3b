import ONNX
import TestSupport
import Testing
import WeightFiles

private typealias P = Proto

private func windows(_ kernel: [Int], _ more: Proto...) -> [Proto] {
  [.attribute("kernel_shape", kernel)] + more
}

/// Floats of a shape; their values do not matter.
private func weights(_ shape: [Int], _ name: String = "w") -> Proto {
  .floats(name, shape, [Float](repeating: 1, count: shape.reduce(1, *)))
}

private let convolutions: [OpsetCase] = [
  OpsetCase(17, "Conv", ["x", "w"], with: [weights([8, 4, 3, 3])], gives: [1, 8, 4, 6]),
  OpsetCase(
    17, "Conv", ["x", "w", "b"],
    [
      .attribute("group", 2), .attribute("strides", [2, 1]), .attribute("dilations", [1, 2]),
      .attribute("pads", [1, 2, 0, 1]),
    ], with: [weights([6, 2, 3, 3]), weights([6], "b")], gives: [1, 6, 3, 7]),
  OpsetCase(
    17, "Conv", ["x", "w"], [.attribute("auto_pad", "SAME_UPPER"), .attribute("strides", [4, 3])],
    with: [weights([8, 4, 3, 3])], gives: [1, 8, 2, 3]),
  OpsetCase(17, "Conv", ["x", "w"], with: [weights([8, 3, 3, 3])], gives: nil),
  OpsetCase(
    17, "Conv", ["x", "w"], [.attribute("group", 3)], with: [weights([8, 4, 3, 3])], gives: nil),
  OpsetCase(
    17, "Conv", ["x", "w", "b"], with: [weights([8, 4, 1, 1]), weights([7], "b")], gives: nil),
  OpsetCase(17, "Conv", ["x", "w"], windows([5, 5]), with: [weights([8, 4, 3, 3])], gives: nil),
  OpsetCase(
    17, "ConvTranspose", ["x", "w"],
    [
      .attribute("strides", [2, 2]), .attribute("pads", [1, 1, 1, 1]), .attribute("group", 2),
      .attribute("output_padding", [1, 0]),
    ], with: [weights([4, 3, 3, 3])], gives: [1, 6, 12, 15]),
  OpsetCase(
    17, "ConvTranspose", ["x", "w"],
    [.attribute("strides", [2, 2]), .attribute("output_shape", [13, 16])],
    with: [weights([4, 3, 3, 3])], gives: [1, 3, 13, 16]),
  OpsetCase(
    17, "ConvTranspose", ["x", "w"],
    [.attribute("strides", [2, 2]), .attribute("auto_pad", "SAME_LOWER")],
    with: [weights([4, 3, 3, 3])], gives: [1, 3, 12, 16]),
  OpsetCase(17, "ConvTranspose", ["x", "w"], with: [weights([8, 4, 3, 3])], gives: nil),
]

private let pooling: [OpsetCase] = [
  OpsetCase(
    17, "MaxPool", ["x"], windows([3, 2], .attribute("strides", [2, 3])), gives: [1, 4, 2, 3]),
  OpsetCase(
    17, "MaxPool", ["x"],
    windows([3, 3], .attribute("strides", [2, 2]), .attribute("ceil_mode", 1)),
    gives: [1, 4, 3, 4]),
  // The last window would begin in the padding.
  OpsetCase(
    17, "AveragePool", ["x"],
    windows(
      [2, 2], .attribute("strides", [5, 3]), .attribute("ceil_mode", 1),
      .attribute("pads", [0, 0, 1, 1])), gives: [1, 4, 2, 3]),
  OpsetCase(17, "MaxPool", ["x"], gives: nil),
  OpsetCase(17, "GlobalAveragePool", gives: [1, 4, 1, 1]),
]

private let products: [OpsetCase] = [
  OpsetCase(17, "MatMul", ["x", "w"], with: [weights([4, 8, 5])], gives: [1, 4, 6, 5]),
  OpsetCase(17, "MatMul", ["x", "w"], with: [weights([8])], gives: [1, 4, 6]),
  OpsetCase(17, "MatMul", ["w", "x"], with: [weights([6])], gives: [1, 4, 8]),
  OpsetCase(17, "MatMul", ["x", "w"], with: [weights([7, 8])], gives: nil),
  OpsetCase(
    17, "Gemm", ["v", "w"], [.attribute("transA", 1)],
    with: [weights([3, 2], "v"), weights([3, 5])], gives: [2, 5]),
  OpsetCase(
    17, "Gemm", ["v", "w", "b"], [.attribute("transB", 1)],
    with: [weights([3, 2], "v"), weights([5, 2]), weights([3, 1], "b")], gives: [3, 5]),
  OpsetCase(17, "Gemm", ["x", "w"], with: [weights([3, 5])], gives: nil),
  OpsetCase(
    17, "Einsum", ["x", "w"], [.attribute("equation", "nchw, wk -> nkc")],
    with: [weights([8, 5])], gives: [1, 5, 4]),
  OpsetCase(
    17, "Einsum", ["x", "w"], [.attribute("equation", "nchw,wa")], with: [weights([8, 5])],
    gives: [5, 4, 6, 1]),
  OpsetCase(
    17, "Einsum", ["x"], [.attribute("equation", "...w->...")], gives: nil),
  OpsetCase(17, "Einsum", ["x"], [.attribute("equation", "nchh->nc")], gives: nil),
]

private let others: [OpsetCase] = [
  OpsetCase(17, "Add", ["x", "w"], with: [weights([4, 1, 8])], gives: [1, 4, 6, 8]),
  OpsetCase(17, "Add", ["x", "w"], with: [weights([3])], gives: nil),
  OpsetCase(17, "Add", ["x", "w"], with: [.axis("w", [1])], gives: nil),
  OpsetCase(17, "PRelu", ["x", "w"], with: [weights([4, 1, 1])], gives: [1, 4, 6, 8]),
  OpsetCase(17, "PRelu", ["x", "w"], with: [weights([2, 1, 1, 1])], gives: nil),
  OpsetCase(17, "Expand", ["x", "w"], with: [.axis("w", [3, 1, 1, 1])], gives: [3, 4, 6, 8]),
  OpsetCase(17, "Tile", ["x", "w"], with: [.axis("w", [1, 2, 1, 3])], gives: [1, 8, 6, 24]),
  OpsetCase(17, "Concat", ["x", "x"], [.attribute("axis", -3)], gives: [1, 8, 6, 8]),
  OpsetCase(17, "Transpose", ["x"], [.attribute("perm", [0, 2, 3, 1])], gives: [1, 6, 8, 4]),
  OpsetCase(17, "Transpose", ["x"], [.attribute("perm", [0, 2, 2, 1])], gives: nil),
  OpsetCase(
    17, "Gather", ["x", "w"], [.attribute("axis", 2)], with: [.axis("w", [0, -1])],
    gives: [1, 4, 2, 8]),
  OpsetCase(17, "DepthToSpace", ["x"], [.attribute("blocksize", 2)], gives: [1, 1, 12, 16]),
  OpsetCase(17, "SpaceToDepth", ["x"], [.attribute("blocksize", 2)], gives: [1, 16, 3, 4]),
  OpsetCase(17, "SpaceToDepth", ["x"], [.attribute("blocksize", 4)], gives: nil),
  OpsetCase(17, "LayerNormalization", ["x", "w"], with: [weights([8])], gives: [1, 4, 6, 8]),
  OpsetCase(
    17, "LayerNormalization", ["x", "w"], [.attribute("axis", 2)], with: [weights([6, 8])],
    gives: [1, 4, 6, 8]),
  OpsetCase(17, "LayerNormalization", ["x", "w"], with: [weights([6, 8])], gives: nil),
  OpsetCase(
    17, "BatchNormalization", ["x", "w", "w", "w", "w"], with: [weights([4])],
    gives: [1, 4, 6, 8]),
  OpsetCase(17, "BatchNormalization", ["x", "w", "w", "w", "w"], with: [weights([3])], gives: nil),
]

/// The shapes of what operators give, and operands that do not fit.
@Suite struct OperatorShapeTests {
  @Test(arguments: convolutions + pooling + products + others)
  func shape(_ example: OpsetCase) throws {
    guard let shape = example.shape else {
      #expect(try example.model.refusal() != nil)
      return
    }
    #expect(try example.model.plan().type()?.shape == shape)
  }

  /// An executor gets the padding itself, whichever way the file asks for it.
  @Test func paddingIsExplicit() throws {
    func window(_ attributes: [Proto]) throws -> Plan.Window? {
      let node = P.node("MaxPool", ["x"], ["y"], attributes)
      guard case .maxPool(let window)? = try P.model(.graph([node])).plan().nodes.first?.operation
      else { return nil }
      return window
    }
    let strides = P.attribute("strides", [2, 3])
    let upper = try #require(
      try window(windows([3, 3], strides, .attribute("auto_pad", "SAME_UPPER"))))
    #expect(upper.before == [0, 0] && upper.after == [1, 1])
    let lower = try #require(
      try window(windows([3, 3], strides, .attribute("auto_pad", "SAME_LOWER"))))
    #expect(lower.before == [1, 1] && lower.after == [0, 0])
    #expect(upper.dilations == [1, 1] && upper.strides == [2, 3] && upper.kernel == [3, 3])
  }
}
