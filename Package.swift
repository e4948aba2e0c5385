// swift-tools-version: 6.2
import Foundation
import PackageDescription

// libtorch: `TORCH_HOME`, or what `Tools/setup` unpacked into `.deps/torch`.
let torchHome =
    ProcessInfo.processInfo.environment["TORCH_HOME"]
    ?? Context.packageDirectory + "/.deps/torch"
let torchLibraries = torchHome + "/lib"
let hasCUDA = FileManager.default.fileExists(atPath: torchLibraries + "/libtorch_cuda.so")

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let torchLinkerSettings: [LinkerSetting] = [
    .unsafeFlags([
        "-L\(torchLibraries)",
        // An installed copy finds its libraries beside itself; a build finds them where set-up put them.
        "-Xlinker", "-rpath", "-Xlinker", "$ORIGIN/../lib/hone",
        "-Xlinker", "-rpath", "-Xlinker", torchLibraries,
    ]),
    .linkedLibrary("torch_cpu"),
    .linkedLibrary("c10"),
]
// The CUDA library registers its kernels when it is loaded; nothing refers to it by symbol.
let cudaLinkerSettings: [LinkerSetting] =
    hasCUDA
    ? [.unsafeFlags(["-Xlinker", "--no-as-needed", "-ltorch_cuda", "-Xlinker", "--as-needed"])]
    : []

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let orderedCollections = Target.Dependency.product(
    name: "OrderedCollections", package: "swift-collections")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

func module(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = [])
    -> Target
{
    .target(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: dependencies, resources: resources,
        swiftSettings: swiftSettings)
}

let package = Package(
    name: "Hone",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "hone", targets: ["hone"]),
        .library(name: "HoneCore", targets: ["HoneCore"]),
        .library(name: "HoneText", targets: ["HoneText"]),
        .library(name: "HoneModels", targets: ["HoneModels"]),
        .library(name: "HoneInference", targets: ["HoneInference"]),
        .library(name: "HoneTraining", targets: ["HoneTraining"]),
        .library(name: "HoneRewards", targets: ["HoneRewards"]),
        .library(name: "HoneStore", targets: ["HoneStore"]),
        .library(name: "Torch", targets: ["Torch"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        .target(
            name: "CTorch",
            // The other C++ files are parts of CTorch.cpp.
            sources: [
                "CTorch.cpp", "kernels/decode_attention.cpp", "kernels/decode_layers.cpp",
                "kernels/decode_product.cpp", "kernels/gated_product.cpp", "kernels/gemm.cpp",
                "kernels/int8_product.cpp", "kernels/packed_attention.cpp",
                "kernels/packed_self_attention.cpp", "kernels/sampling.cpp",
                "kernels/transformer.cpp",
            ],
            cxxSettings: [
                .unsafeFlags([
                    // Warnings are those of our own files: libtorch's headers are the system's. No wide
                    // vector crosses a call that another compiler made (-Wpsabi).
                    "-isystem", "\(torchHome)/include",
                    "-isystem", "\(torchHome)/include/torch/csrc/api/include",
                    "-Wall", "-Wextra", "-Wno-psabi", "-O3",
                ]),
                // Who only uses the program shall not be stopped by what a newer libtorch warns of.
                .unsafeFlags(["-Werror"], .when(configuration: .debug)),
            ],
            linkerSettings: torchLinkerSettings + cudaLinkerSettings),
        .systemLibrary(
            name: "CPCRE2", pkgConfig: "libpcre2-8",
            providers: [.apt(["libpcre2-dev"]), .brew(["pcre2"])]),
        module("Torch", ["CTorch"]),
        module("HoneCore", ["CPCRE2", orderedCollections]),
        module("HoneText", ["HoneCore", orderedCollections]),
        module("HoneModels", ["HoneCore", "Torch", orderedCollections]),
        module("HoneInference", ["HoneCore", "Torch", "HoneModels"]),
        module(
            "HoneTraining",
            [
                "HoneCore", "Torch", "HoneText", "HoneModels", "HoneInference", yams,
                orderedCollections,
            ],
            resources: [
                .embedInCode("Resources/columnar.py"), .embedInCode("Resources/tracker.py"),
            ]),
        module(
            "HoneRewards",
            [
                "HoneCore", orderedCollections,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            resources: [
                .embedInCode("Resources/worker.py"), .embedInCode("Resources/worker_limits.py"),
                .embedInCode("Resources/code_tests.py"), .embedInCode("Resources/code_program.py"),
                .embedInCode("Resources/code_values.py"),
            ]),
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        module("HoneStore", ["HoneCore", "CZlib", orderedCollections, grdb]),
        .executableTarget(
            name: "hone",
            dependencies: [
                "HoneCore", "HoneText", "HoneModels", "HoneInference", "HoneTraining",
                "HoneRewards", "HoneStore", "Torch", argumentParser, yams, orderedCollections,
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "store-bench", dependencies: ["HoneStore", "HoneCore", orderedCollections],
            path: "Benchmarks/StoreBench", swiftSettings: swiftSettings),
        module("TestSupport", ["HoneCore", "Torch", "HoneText", "HoneModels"]),
        tests("Torch", ["Torch", "TestSupport"]),
        tests("HoneCore", ["HoneCore", "TestSupport", orderedCollections]),
        tests("HoneText", ["HoneText", "TestSupport", orderedCollections]),
        tests(
            "HoneModels", ["HoneModels", "HoneCore", "Torch", "TestSupport", orderedCollections]),
        tests("HoneInference", ["HoneInference", "TestSupport"]),
        tests(
            "HoneTraining",
            [
                "HoneTraining", "HoneCore", "HoneInference", "HoneModels", "HoneText", "Torch",
                "TestSupport", orderedCollections,
            ]),
        tests("HoneRewards", ["HoneRewards", "HoneCore", "TestSupport", orderedCollections]),
        tests(
            "HoneStore", ["HoneStore", "HoneCore", "TestSupport", orderedCollections, grdb]),
        tests(
            "EndToEnd",
            [
                "HoneTraining", "HoneRewards", "HoneModels", "HoneCore", "TestSupport",
                orderedCollections,
            ]),
    ],
    cxxLanguageStandard: .cxx20
)
