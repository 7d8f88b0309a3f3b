// Images one by one: a product of matrices may round differently with other numbers of rows, and a
// part of a tensor leaves zeros in the other parts' gradients.

extension Tensor {
  /// The matrix products of images, `[n, r, k]` times `[n, k, c]` to `[n, r, c]`: each by itself,
  /// on dense rows, so that it is a function of the two matrices. No second derivatives.
  package func imageProducts(_ other: Tensor) -> Tensor {
    let needs = (requiresGradient, other.requiresGradient)
    let (a, b) = (detached, other.detached)
    let value = Autograd.withoutHistory { Self.products(a, b) }
    guard needs.0 || needs.1 else { return value }
    return Autograd.custom([value], of: [self, other]) { gradients in
      guard let gradient = gradients[0] else { return [nil, nil] }
      return [
        needs.0 ? Self.products(gradient, b.permuted([0, 2, 1])) : nil,
        needs.1 ? Self.products(a.permuted([0, 2, 1]), gradient) : nil,
      ]
    }[0]
  }

  /// The matrix product `[r, k]` times `[k, c]`; see `imageProducts`.
  package func product(_ other: Tensor) -> Tensor {
    let shape = (size(0), size(1), other.size(1))
    return reshaped([1, shape.0, shape.1]).imageProducts(other.reshaped([1, shape.1, shape.2]))
      .reshaped([shape.0, shape.2])
  }

  private static func products(_ a: Tensor, _ b: Tensor) -> Tensor {
    let parts = (0..<a.size(0)).map { image in
      a.matrix(image).matmul(b.matrix(image)).reshaped([1, a.size(1), b.size(2)])
    }
    if parts.count == 1 { return parts[0] }
    let none = Tensor.zeros([0, a.size(1), b.size(2)], a.type, device: a.device)
    return concatenated([none] + parts, 0)
  }

  /// An image of `[n, r, k]`, row-major, at an address as of a tensor of its own.
  private func matrix(_ image: Int) -> Tensor {
    let dense = narrowed(0, image..<image + 1).reshaped([size(1), size(2)]).contiguous()
    let isAligned = device != .cpu || Int(bitPattern: dense.data).isMultiple(of: 64)
    return isAligned ? dense : dense.clone()
  }

  /// The tensor cut along its first dimension; gradients of the parts are put side by side.
  ///
  /// - Parameter lengths: of the parts, which make up the dimension.
  package func parts(_ lengths: [Int]) -> [Tensor] {
    precondition(
      lengths.reduce(0, +) == size(0), "parts: \(shape); expected \(lengths) to make up its length")
    var start = 0
    let pieces = lengths.map { length in
      defer { start += length }
      return detached.narrowed(0, start..<start + length)
    }
    guard requiresGradient, !pieces.isEmpty else { return pieces }
    return Autograd.custom(pieces, of: [self]) { gradients in
      [Tensor.concatenated(zip(gradients, pieces).map { $0 ?? $1.zerosLike }, 0)]
    }
  }

  /// The images of `[n, ...]`, each `[1, ...]`; see `parts`.
  package var images: [Tensor] { parts([Int](repeating: 1, count: size(0))) }
}
