import Difficulty
import Reduction
import Torch

/// What the methods of a step must know of all ranks; one sum and one gather answer all of it.
public final class MethodRequests {
  struct Rows {
    let key: String
    let own: Tensor
    let isLive: Bool
  }
  struct Selection {
    let prefix: String
    let key: String
    let values: Tensor
    let rank: (Reduced) -> Int
  }

  /// Which method asks; keys of different methods do not meet.
  var prefix = ""
  private(set) var sums: [(key: String, own: Tensor)] = []
  private(set) var rows: [Rows] = []
  private(set) var selections: [Selection] = []

  /// Asks for the sum over all ranks of a tensor of equal shape on all of them.
  ///
  /// The answer has the gradient of this rank's part. Sums are taken in double, so that counts are
  /// exact.
  public func sum(_ key: String, _ own: Tensor) { sums.append((prefix + key, own)) }

  /// Asks for the rows `[r, D]` of all ranks in rank order; each may bring another number r.
  ///
  /// - Parameters:
  ///   - key: the name of the answer.
  ///   - own: this rank's rows `[r, D]`.
  ///   - isLive: whether this rank's own rows keep their gradient in the answer.
  public func gather(_ key: String, rows own: Tensor, isLive: Bool = false) {
    rows.append(Rows(key: prefix + key, own: own, isLive: isLive))
  }

  /// Asks for the k-th smallest over all ranks of values in [0, 1].
  ///
  /// - Parameters:
  ///   - key: the name of the answer.
  ///   - values: this rank's, any shape; NaNs are left out.
  ///   - rank: k, from 1, once the sums are known; 0 if there is nothing to select.
  public func smallest(_ key: String, _ values: Tensor, rank: @escaping (Reduced) -> Int) {
    selections.append(Selection(prefix: prefix, key: key, values: values, rank: rank))
  }

  /// Answers everything. Collective if anything was asked.
  func answer(_ reducer: any Reducer) -> Reduced {
    let reduced = Reduced()
    addSums(to: reduced, reducer)
    addRows(to: reduced, reducer)
    addSelections(to: reduced, reducer)
    return reduced
  }

  private func addSums(to reduced: Reduced, _ reducer: any Reducer) {
    guard !sums.isEmpty else { return }
    let parts = sums.map { $0.own.detached.array(Double.self) }
    var totals = parts.flatMap { $0 }
    reducer.sum(&totals)
    var start = 0
    for (request, part) in zip(sums, parts) {
      let total = Array(totals[start..<start + part.count])
      start += part.count
      let own = request.own
      let others = zip(total, part).map { $0 - $1 }
      let rest = Tensor(others, own.shape).to(own.type, device: own.device)
      let isLive = own.requiresGradient
      reduced.sums[request.key] =
        isLive ? own + rest : Tensor(total, own.shape).to(own.type, device: own.device)
      reduced.totals[request.key] = total
    }
  }

  private func addRows(to reduced: Reduced, _ reducer: any Reducer) {
    guard !rows.isEmpty else { return }
    var payload: [UInt8] = []
    for request in rows {
      let dense = request.own.detached.to(device: .cpu).contiguous()
      withUnsafeBytes(of: Int64(dense.size(0))) { payload += $0 }
      withExtendedLifetime(dense) {
        payload += UnsafeRawBufferPointer(
          start: dense.data, count: dense.count * dense.type.byteCount)
      }
    }
    var parts = [[Tensor]](repeating: [], count: rows.count)
    for (rank, bytes) in reducer.gather(payload).enumerated() {
      var offset = 0
      for (index, request) in rows.enumerated() {
        let own = request.own
        let count = bytes.withUnsafeBytes {
          Int($0.loadUnaligned(fromByteOffset: offset, as: Int64.self))
        }
        offset += MemoryLayout<Int64>.size
        let length = count * own.size(1) * own.type.byteCount
        let isOwn = rank == reducer.rank && request.isLive
        parts[index].append(
          isOwn
            ? own
            : Tensor(copyOf: [count, own.size(1)], own.type) { target in
              bytes.withUnsafeBytes {
                target.copyMemory(
                  from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + length]))
              }
            }.to(device: own.device))
        offset += length
      }
    }
    for (request, tensors) in zip(rows, parts) {
      reduced.rows[request.key] = Tensor.concatenated(tensors, 0)
    }
  }

  private func addSelections(to reduced: Reduced, _ reducer: any Reducer) {
    let asked = selections.map { request in
      reduced.prefix = request.prefix
      return (request, request.rank(reduced))
    }.filter { $0.1 > 0 }
    guard !asked.isEmpty else { return }
    let buffers = asked.map { request, _ in
      request.values.detached.to(.float32, device: .cpu).contiguous()
    }
    let answers = withExtendedLifetime(buffers) {
      ExactSelection(threshold: -1).run(
        zip(asked, buffers).map { request, buffer in
          ExactSelection.Query(
            values: UnsafeBufferPointer(
              start: UnsafePointer(buffer.data.assumingMemoryBound(to: Float.self)),
              count: buffer.count),
            rank: Int64(request.1), countAtThreshold: 0)
        }, reducer: reducer)
    }
    for ((request, _), answer) in zip(asked, answers) {
      reduced.selected[request.prefix + request.key] = answer.value
    }
  }
}

/// Answers to the requests of a step; equal on all ranks but for where gradients go.
public final class Reduced {
  var prefix = ""
  var sums: [String: Tensor] = [:]
  var totals: [String: [Double]] = [:]
  var rows: [String: Tensor] = [:]
  var selected: [String: Float] = [:]

  /// The global sum, with the gradient of this rank's part.
  public func sum(_ key: String) -> Tensor { found(sums[prefix + key], key) }

  /// The global sum of a single number.
  public func total(_ key: String) -> Double { found(totals[prefix + key], key)[0] }

  /// All ranks' rows, in rank order.
  public func rows(_ key: String) -> Tensor { found(rows[prefix + key], key) }

  /// The k-th smallest value; nil where k was 0.
  public func smallest(_ key: String) -> Float? { selected[prefix + key] }

  private func found<Value>(_ value: Value?, _ key: String) -> Value {
    guard let value else {
      preconditionFailure("Reduced: no \(prefix + key); expected a key that was asked for")
    }
    return value
  }
}

/// Over which pixels of the grid of the logits a mean is taken.
public enum Pixels: String, Sendable {
  /// All of them, ignored ones included.
  case all
  /// Those with a label.
  case valid
}

extension Reduced {
  /// The global denominator of a mean over pixels: their number, or the sum of RDD's map over them.
  public func weight(_ pixels: Pixels, _ step: MethodStep) -> Double {
    let key = "pixels.\(pixels.rawValue)"
    if let total = totals[key] { return total[0] }
    precondition(pixels == .all && step.difficulty == nil, "Reduced: no \(key); needs lack labels")
    return Double(step.batchSize * step.height * step.width)
  }

  /// This rank's share of the global mean of what a method says of each pixel, weighted by RDD's map
  /// where the scope says so: sum w x / sum w. 0 where no pixel counts.
  ///
  /// - Parameters:
  ///   - x: `[n, h, w]`.
  ///   - pixels: which of them count.
  ///   - step: the batch, its labels and RDD's map.
  public func mean(_ x: Tensor, over pixels: Pixels = .all, _ step: MethodStep) -> Tensor {
    let total = weight(pixels, step)
    var weighted = x
    if let map = step.difficulty { weighted = weighted * map }
    if pixels == .valid {
      let valid = step.lowLabels.notEqual(255)
      weighted = valid.choose(weighted, weighted.zerosLike)
    }
    return weighted.sum() / (total > 0 ? total : 1)
  }
}
