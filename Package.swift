// swift-tools-version: 6.0
import Foundation
import PackageDescription

// LibTorch: Debian's libtorch-dev, the folder that LIBTORCH names (a wheel's or zip's `torch`), or that
// which launch/install --libtorch-wheel made.
let ownLibtorch = Context.packageDirectory + "/.libtorch"
let libtorch =
  ProcessInfo.processInfo.environment["LIBTORCH"]
  ?? (FileManager.default.fileExists(atPath: ownLibtorch) ? ownLibtorch : nil)
let torchInclude = (libtorch ?? "/usr") + "/include"
let torchVersion =
  try? String(
    contentsOfFile: torchInclude + "/torch/csrc/api/include/torch/version.h", encoding: .utf8)
// Newer headers want C++20; those of LibTorch 1 do not compile as such.
let torchIsOld = torchVersion?.contains("define TORCH_VERSION_MAJOR 1") ?? (libtorch == nil)
let torchFlags =
  // oneDNN is the system's, not the one inside LibTorch, whose headers alone are there.
  (libtorch == nil ? [] : ["-iquote", "/usr/include", "-isystem", torchInclude])
  + ["-isystem", torchInclude + "/torch/csrc/api/include"]
// By path where LIBTORCH names the folder: a search would find Debian's first if both are there.
let torchLibraries = ["torch", "torch_cpu", "c10"].flatMap { name -> [String] in
  guard let libtorch else { return ["-l\(name)"] }
  let path = "\(libtorch)/lib/lib\(name).so"
  // libtorch.so only names the others, and those for GPUs.
  return FileManager.default.fileExists(atPath: path) ? ["-Xlinker", path] : []
}
let torchLink =
  (libtorch.map { ["-Xlinker", "-rpath", "-Xlinker", "\($0)/lib"] } ?? [])
  + ["-Xlinker", "--no-as-needed"] + torchLibraries
  // What COneDNN calls. Here, so that the order of libraries is fixed: one of LibTorch's may hold oneDNN too.
  + ["-ldnnl"]

/// libFuzzer's program is for launch/fuzz alone, which builds it with the sanitizers that it wants.
let fuzzer: [Target] =
  ProcessInfo.processInfo.environment["RDD_FUZZER"] == nil
  ? []
  : [.executableTarget(name: "fuzzer", dependencies: ["FuzzedReaders"], path: "Tests/Fuzzer")]

/// Loops over elements: vectors as wide as every server since 2013 has them.
let wide: [SwiftSetting] = [
  .unsafeFlags(["-Xcc", "-march=x86-64-v3"], .when(configuration: .release))
]
/// Kernels: without overflow and bounds checks too. `precondition` checks nothing in them.
let kernel: [SwiftSetting] =
  wide + [.unsafeFlags(["-Ounchecked"], .when(configuration: .release))]

/// The same in C++.
let cxxKernel: [CXXSetting] = [
  .define("NDEBUG", .when(configuration: .release)),
  .unsafeFlags(["-march=x86-64-v3"], .when(configuration: .release)),
]

let package = Package(
  name: "rdd",
  products: [.executable(name: "rdd", targets: ["rdd"])],
  dependencies: [
    // The command line: subcommands, help, completions.
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    // Recipes are YAML.
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    // Log lines with levels, on stderr.
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    // The floors from the ground up, each a folder of Sources. On each, a target stands below those that it
    // needs.
    // 0-Shims: what Swift cannot see, one C or C++ shim for each library.
    .systemLibrary(
      name: "CMPI", path: "Sources/0-Shims/CMPI", pkgConfig: "ompi-c",
      providers: [.apt(["libopenmpi-dev"])]),
    // Our own kernels on oneDNN, C++ for CTorch alone, which reads their headers as COneDNN/...: `include`
    // holds an empty module. CTorch gives them its threads, so they link only together.
    .target(
      name: "COneDNN", path: "Sources/0-Shims/COneDNN",
      cxxSettings: [.headerSearchPath("..")] + cxxKernel,
      linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "CTorch", dependencies: ["COneDNN"], path: "Sources/0-Shims/CTorch",
      cxxSettings: [.headerSearchPath(".."), .unsafeFlags(torchFlags)] + cxxKernel,
      linkerSettings: [.unsafeFlags(torchLink), .linkedLibrary("dl")]),
    .target(
      name: "CImage", path: "Sources/0-Shims/CImage",
      linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
    .systemLibrary(
      name: "CXXHash", path: "Sources/0-Shims/CXXHash", pkgConfig: "libxxhash",
      providers: [.apt(["libxxhash-dev"])]),

    // 1-Base: one Swift library over each shim, and what needs none.
    // Threads, and the limits that machine, container and shell set.
    .target(name: "Host", path: "Sources/1-Base/Host"),
    // Files as the system has them, read and written whole.
    .target(name: "Files", dependencies: ["Host"], path: "Sources/1-Base/Files"),
    .target(name: "Randomness", path: "Sources/1-Base/Randomness", swiftSettings: kernel),
    .target(name: "Reduction", dependencies: ["Host"], path: "Sources/1-Base/Reduction"),
    .target(name: "MPI", dependencies: ["CMPI"], path: "Sources/1-Base/MPI"),
    .target(name: "EventFiles", dependencies: ["Files"], path: "Sources/1-Base/EventFiles"),
    .target(name: "Torch", dependencies: ["CTorch"], path: "Sources/1-Base/Torch"),
    .target(name: "ImageIO", dependencies: ["CImage", "Files"], path: "Sources/1-Base/ImageIO"),
    .target(
      name: "WeightFiles", dependencies: ["CXXHash", "Files"], path: "Sources/1-Base/WeightFiles"),
    // Networks from ONNX files, planned for images of one shape.
    .target(name: "ONNX", dependencies: ["Files", "WeightFiles"], path: "Sources/1-Base/ONNX"),

    // 2-Learning: the method and its surroundings; they know neither MPI nor the command line.
    .target(
      name: "Datasets", dependencies: ["Files", "Host", "ImageIO", "Randomness"],
      path: "Sources/2-Learning/Datasets"),
    // A set of images that needs no files: drawn streets.
    .target(
      name: "Scenes", dependencies: ["Datasets", "ImageIO", "Randomness"],
      path: "Sources/2-Learning/Scenes"),
    .target(
      name: "Difficulty", dependencies: ["Host", "Reduction", "Torch"],
      path: "Sources/2-Learning/Difficulty", swiftSettings: kernel),
    .target(
      name: "Networks",
      dependencies: [
        "Files", "ImageIO", "ONNX", "Randomness", "Reduction", "Torch", "WeightFiles",
      ],
      path: "Sources/2-Learning/Networks", swiftSettings: wide),
    // Distillation methods, above networks and difficulty.
    .target(
      name: "Methods",
      dependencies: ["Difficulty", "Networks", "Randomness", "Reduction", "Torch"],
      path: "Sources/2-Learning/Methods"),
    // What moves parameters by their gradients.
    .target(
      name: "Optimisers", dependencies: ["Torch"], path: "Sources/2-Learning/Optimisers",
      swiftSettings: wide),
    .target(name: "Pictures", path: "Sources/2-Learning/Pictures"),

    // 3-Ranks: the same on many ranks.
    .target(
      name: "DataParallel", dependencies: ["Files", "Host", "MPI", "Randomness", "Reduction"],
      path: "Sources/3-Ranks/DataParallel"),

    // 4-Recipes: the words of a recipe, which are the types of those who act on them.
    .target(
      name: "Recipes",
      dependencies: [
        "DataParallel", "Datasets", "Difficulty", "Files", "ImageIO", "Networks", "Optimisers",
        "Scenes", "Torch",
        .product(name: "Yams", package: "Yams"),
      ],
      path: "Sources/4-Recipes/Recipes"),

    // 5-Runs. The training step, and what a recipe makes of its parts.
    .target(
      name: "Steps",
      dependencies: [
        "DataParallel", "Datasets", "Difficulty", "Files", "Host", "ImageIO", "MPI", "Methods",
        "Networks", "Optimisers", "Randomness", "Recipes", "Reduction", "Scenes", "Torch",
        "WeightFiles",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Sources/5-Runs/Steps"),
    // Runs: step after step, measured, shown and saved.
    .target(
      name: "Runs",
      dependencies: [
        "DataParallel", "Datasets", "Difficulty", "EventFiles", "Files", "ImageIO", "MPI",
        "Methods", "Networks", "Optimisers", "Pictures", "Recipes", "Reduction", "Steps", "Torch",
        "WeightFiles",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Sources/5-Runs/Runs"),
    // What surrounds a run: its check, benches, pictures of other images, conversion.
    .target(
      name: "Tools",
      dependencies: [
        "DataParallel", "Datasets", "Difficulty", "Files", "Host", "ImageIO", "MPI", "Networks",
        "Optimisers", "Pictures", "Randomness", "Recipes", "Runs", "Steps", "Torch", "WeightFiles",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Sources/5-Runs/Tools"),
    // The files of reference numbers, and what this build makes of them.
    .target(
      name: "Parity",
      dependencies: [
        "DataParallel", "Datasets", "Difficulty", "Files", "ImageIO", "Methods", "Networks", "ONNX",
        "Optimisers", "Randomness", "Recipes", "Reduction", "Steps", "Torch", "WeightFiles",
      ],
      path: "Sources/5-Runs/Parity"),

    // 6-Reports: what finished runs tell.
    .target(
      name: "Reports",
      dependencies: [
        "Files", "ImageIO", "Optimisers", "Recipes", "Runs", "Steps", "Tools", "WeightFiles",
      ],
      path: "Sources/6-Reports/Reports"),

    // 7-Command.
    .executableTarget(
      name: "rdd",
      dependencies: [
        "DataParallel", "Datasets", "Difficulty", "Files", "MPI", "Methods", "Networks", "Parity",
        "Recipes", "Reports", "Runs", "Steps", "Tools", "Torch",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Sources/7-Command/rdd"),

    // Tests. rank-program is what the parallel ones start under mpirun.
    .target(name: "TestSupport", dependencies: ["WeightFiles"], path: "Tests/TestSupport"),
    .executableTarget(
      name: "rank-program",
      dependencies: ["DataParallel", "Files", "MPI", "Randomness", "Reduction"],
      path: "Tests/RankProgram"),
    .executableTarget(
      name: "run-program",
      dependencies: [
        "DataParallel", "Files", "MPI", "Networks", "Optimisers", "Recipes", "Runs", "Steps",
        "WeightFiles",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/RunProgram"),
    .target(
      name: "FuzzedReaders",
      dependencies: ["Datasets", "Files", "ImageIO", "ONNX", "Recipes", "WeightFiles"],
      path: "Tests/FuzzedReaders"),
    .testTarget(name: "FilesTests", dependencies: ["Files", "Host", "TestSupport"]),
    .testTarget(name: "HostTests", dependencies: ["Host", "TestSupport"]),
    .testTarget(name: "FuzzTests", dependencies: ["FuzzedReaders", "TestSupport"]),
    .testTarget(name: "MPITests", dependencies: ["MPI", "TestSupport", "rank-program"]),
    .testTarget(
      name: "DataParallelTests",
      dependencies: ["DataParallel", "Host", "MPI", "TestSupport", "rank-program"]),
    .testTarget(name: "ImageIOTests", dependencies: ["ImageIO", "TestSupport"]),
    .testTarget(
      name: "DatasetsTests",
      dependencies: ["Datasets", "Files", "ImageIO", "Randomness", "TestSupport"]),
    .testTarget(
      name: "DifficultyTests",
      dependencies: [
        "Datasets", "Difficulty", "Randomness", "Reduction", "TestSupport", "Torch",
      ]),
    .testTarget(name: "TorchTests", dependencies: ["Randomness", "TestSupport", "Torch"]),
    .testTarget(name: "OptimisersTests", dependencies: ["Optimisers", "TestSupport", "Torch"]),
    .testTarget(name: "RandomnessTests", dependencies: ["Randomness"]),
    .testTarget(name: "ReductionTests", dependencies: ["Randomness", "Reduction"]),
    .testTarget(
      name: "NetworksTests",
      dependencies: [
        "Files", "Networks", "ONNX", "Parity", "Randomness", "Reduction", "TestSupport", "Torch",
        "WeightFiles",
      ]),
    .testTarget(
      name: "MethodsTests",
      dependencies: [
        "DataParallel", "Difficulty", "Methods", "Networks", "Optimisers", "Randomness", "Recipes",
        "Reduction", "Steps", "TestSupport", "Torch", "WeightFiles",
      ]),
    .testTarget(
      name: "StepsTests",
      dependencies: [
        "DataParallel", "Datasets", "Difficulty", "Files", "Methods", "Networks", "Optimisers",
        "Parity", "Recipes", "Reduction", "Steps", "TestSupport", "Torch", "WeightFiles",
      ]),
    .testTarget(
      name: "RunsTests",
      dependencies: [
        "DataParallel", "Datasets", "Difficulty", "Files", "ImageIO", "Networks", "Recipes",
        "Reduction", "Runs", "Steps", "TestSupport", "Torch", "WeightFiles", "run-program",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "ToolsTests",
      dependencies: [
        "Datasets", "Files", "Host", "ImageIO", "Networks", "Recipes", "Steps", "Tools",
      ]),
    .testTarget(name: "ParityTests", dependencies: ["Parity", "TestSupport", "rdd"]),
    .testTarget(
      name: "WeightFilesTests",
      dependencies: ["Files", "Randomness", "TestSupport", "WeightFiles"]),
    .testTarget(
      name: "ONNXTests",
      dependencies: ["Files", "ONNX", "Randomness", "TestSupport", "WeightFiles"]),
    .testTarget(
      name: "RecipesTests", dependencies: ["Datasets", "Networks", "Recipes", "TestSupport"]),
    .testTarget(name: "EventFilesTests", dependencies: ["EventFiles", "Files", "TestSupport"]),
    .testTarget(
      name: "ReportsTests",
      dependencies: ["Files", "ImageIO", "Reports", "TestSupport", "Tools"]),
    .testTarget(name: "ScenesTests", dependencies: ["Randomness", "Scenes"]),
    .testTarget(name: "PicturesTests", dependencies: ["Pictures"]),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "Files", "ImageIO", "Steps", "TestSupport", "Tools", "WeightFiles", "rdd",
      ],
      exclude: ["Snapshots"]),
    .testTarget(
      name: "ClusterTests",
      dependencies: ["TestSupport", .product(name: "Yams", package: "Yams")]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["Networks", "TestSupport", "Torch", "WeightFiles", "rdd"]),
  ] + fuzzer,
  cxxLanguageStandard: torchIsOld ? .cxx17 : .cxx20
)
