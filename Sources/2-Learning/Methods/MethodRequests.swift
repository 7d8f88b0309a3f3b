import Difficulty
import Reduction
import Torch

/// What the methods of a step must know of all ranks; one exact sum and one gather answer it all.
package final class MethodRequests {
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
  private let imageCount: Int

  /// No requests yet, of a rank with so many images.
  init(imageCount: Int) { self.imageCount = imageCount }

  /// Asks for the sum over all images of all ranks.
  ///
  /// The answer is exact: the same bits however ranks share the images. It has the gradient of this
  /// rank's images.
  ///
  /// - Parameters:
  ///   - key: the name of the answer.
  ///   - own: one row an image, `[n, ...]`; the answer has the shape of a row.
  package func sum(_ key: String, _ own: Tensor) {
    precondition(
      own.shape.first == imageCount,
      "MethodRequests.sum: \(own.shape); expected \(imageCount) rows")
    sums.append((prefix + key, own))
  }

  /// Asks for the rows `[r, D]` of all ranks in rank order; each may bring another number r.
  ///
  /// - Parameters:
  ///   - key: the name of the answer.
  ///   - own: this rank's rows `[r, D]`.
  ///   - isLive: whether this rank's own rows keep their gradient in the answer.
  package func gather(_ key: String, rows own: Tensor, isLive: Bool = false) {
    rows.append(Rows(key: prefix + key, own: own, isLive: isLive))
  }

  /// Asks for the k-th smallest over all ranks of values in [0, 1].
  ///
  /// - Parameters:
  ///   - key: the name of the answer.
  ///   - values: this rank's, any shape; NaNs are left out.
  ///   - rank: k, from 1, once the sums are known; 0 if there is nothing to select.
  package func smallest(_ key: String, _ values: Tensor, rank: @escaping (Reduced) -> Int) {
    selections.append(Selection(prefix: prefix, key: key, values: values, rank: rank))
  }

  /// Answers everything. Collective if anything was asked.
  ///
  /// - Parameter sums: adds the rows of all requests side by side.
  func answer(_ reducer: any Reducer, _ sums: StepSums) -> Reduced {
    let reduced = Reduced()
    addSums(to: reduced, reducer, sums)
    addRows(to: reduced, reducer)
    addSelections(to: reduced, reducer)
    return reduced
  }

  private func addSums(to reduced: Reduced, _ reducer: any Reducer, _ add: StepSums) {
    guard !sums.isEmpty else { return }
    let totals = add(sums.map(\.own), reducer)
    for (request, total) in zip(sums, totals) {
      reduced.sums[request.key] = request.own.sum(overImages: total)
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
