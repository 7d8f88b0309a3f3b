import DataParallel
import Files
import Foundation
import Host
import Recipes
import Steps
import Torch
import WeightFiles

extension RunCheck {
  /// Ranks, hosts, ways out. Collective.
  mutating func checkRanks() throws {
    let world = coordinator.world
    let hosts = try world.communicator.allgatherv(Array(HostName.current.utf8))
      .map { String(decoding: $0, as: UTF8.self) }
    var counts: [(host: String, ranks: Int)] = []
    for host in hosts {
      if let index = counts.firstIndex(where: { $0.host == host }) {
        counts[index].ranks += 1
      } else {
        counts.append((host, 1))
      }
    }
    let places = counts.prefix(8).map { "\($0.ranks) on \($0.host)" }.joined(separator: ", ")
    report.note("ranks", "\(coordinator.worldSize): \(places)\(counts.count > 8 ? ", ..." : "")")
    let batchSize = recipe.train.batchSize
    let ranks = coordinator.worldSize
    let shares = [0, ranks - 1].map {
      Shard.range(of: batchSize, rank: $0, worldSize: ranks).count
    }
    report.note(
      "images a rank",
      shares[0] == shares[1] ? "\(shares[0])" : "\(shares[1]) or \(shares[0]), an uneven split")
    _ = report.attempt { try coordinator.requireImages(batchSize) }
    checkWaysOut(hostCount: counts.count)
  }

  /// LibTorch, and whether its BLAS is a fast one.
  mutating func checkLibraries() {
    let blas = LoadedBLAS(maps: HostFiles().text("/proc/self/maps") ?? "")
    report.note(
      "libraries", "LibTorch \(TorchRuntime.version)" + (blas.map { ", BLAS \($0.path)" } ?? ""))
    if let blas, blas.isReference {
      report.warn(
        "BLAS is the reference one (\(blas.path)), many times slower than others; install "
          + "libopenblas0-pthread")
    }
  }

  /// Whether a run could write, and how much it would; rank 0 alone.
  mutating func checkFolder(_ folder: String, _ networks: NetworkSizes?) {
    var existing = URL(fileURLWithPath: folder).standardizedFileURL
    while !FileManager.default.fileExists(atPath: existing.path), existing.path != "/" {
      existing.deleteLastPathComponent()
    }
    var isFolder: ObjCBool = false
    let path = existing.path
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue,
      access(path, W_OK | X_OK) == 0
    else {
      report.fail(
        TrainingError(
          .cannotCreate,
          "run folder: \(folder): found \(path) in the way, no folder that this user can write; "
            + "expected a writable place; choose another --out"))
      return
    }
    guard let networks else { return }
    // While one checkpoint is saved the older ones are still there; best and last weights.
    let kept = recipe.train.keepCheckpoints + 1
    let needed = kept * networks.checkpoint + 3 * networks.student
    guard let room = report.attempt({ try FileStore().freeBytes(path) }) else { return }
    report.note(
      "run folder",
      "\(folder): up to \(ByteCount.text(needed)) (\(kept) checkpoints of "
        + "\(ByteCount.text(networks.checkpoint))), "
        + (room.map { "\(ByteCount.text($0)) free" }
          ?? "the file system does not say how much is free"))
    if let free = room, free < needed + needed / 5 {
      report.fail(
        TrainingError(
          .writeFailed,
          "run folder: \(folder): found \(ByteCount.text(free)) free; expected "
            + "\(ByteCount.text(needed + needed / 5)); make room or choose another --out"))
    }
  }
}

/// The BLAS library that this process uses.
package struct LoadedBLAS: Equatable {
  /// The library's file.
  package let path: String
  /// Whether it is the reference implementation, which is right but slow.
  package let isReference: Bool

  /// Finds it among the files of /proc/self/maps; nil if LibTorch brings its own.
  package init?(maps: String) {
    let files = maps.split(separator: "\n").compactMap { line in
      line.firstIndex(of: "/").map { String(line[$0...]) }
    }
    func library(_ path: String) -> Substring { path.split(separator: "/").last ?? "" }
    let fast = files.first { path in
      ["libopenblas", "libmkl", "libblis", "libatlas"].contains { library(path).hasPrefix($0) }
        || (library(path).hasPrefix("libblas")
          && ["openblas", "blis", "atlas", "mkl"].contains { path.contains($0) })
    }
    let plain = files.first { library($0).hasPrefix("libblas") }
    guard let path = fast ?? plain else { return nil }
    self.path = path
    isReference = fast == nil
  }
}
