// swift-tools-version:6.2
import PackageDescription

/// The provider plugins. Adding one here makes its module and its tests; see docs/adding-a-provider.md. The folder is not
/// scanned because a manifest is cached: a scan would miss a folder that appears later.
let plugins = ["AlyaPay", "Payalo", "PaymentGateway", "Spayon", "Waypay"]

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    // Nothing pins the versions of dependencies, so a deprecation there must not break a build here.
    .treatWarning("DeprecatedDeclaration", as: .warning),
    // Deliberate bugs that tests of the simulator switch on; no release build holds them.
    .define("PLANTED_BUGS", .when(configuration: .debug)),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

extension Target {
    static func library(_ name: String, _ dependencies: [Dependency] = []) -> Target {
        .target(name: name, dependencies: dependencies, swiftSettings: strict)
    }

    static func tests(_ tested: String, _ dependencies: [Dependency] = [], resources: [Resource] = []) -> Target {
        .testTarget(
            name: tested + "Tests", dependencies: [.target(name: tested)] + dependencies, resources: resources,
            swiftSettings: strict)
    }

    /// The two targets of a plugin: its module and its tests, in the folder of its name.
    static func plugin(_ name: String) -> [Target] {
        [
            .target(
                name: name,
                dependencies: ["PaymentModel", "ProviderKit", "StrictJSON", .crypto, .httpTypes],
                path: "Plugins/\(name)/Sources", swiftSettings: strict),
            .testTarget(
                name: name + "Tests",
                dependencies: [
                    .target(name: name), "PaymentModel", "ProviderConformance", "ProviderKit", "StrictJSON",
                    .httpTypes,
                ],
                path: "Plugins/\(name)/Tests", resources: [.copy("Fixtures")], swiftSettings: strict),
        ]
    }
}

extension Target.Dependency {
    static let argumentParser: Self = .product(name: "ArgumentParser", package: "swift-argument-parser")
    static let asyncHTTPClient: Self = .product(name: "AsyncHTTPClient", package: "async-http-client")
    static let deque: Self = .product(name: "DequeModule", package: "swift-collections")
    static let heap: Self = .product(name: "HeapModule", package: "swift-collections")
    static let coreMetrics: Self = .product(name: "CoreMetrics", package: "swift-metrics")
    static let crypto: Self = .product(name: "Crypto", package: "swift-crypto")
    static let httpTypes: Self = .product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbird: Self = .product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore: Self = .product(name: "HummingbirdCore", package: "hummingbird")
    static let lifecycle: Self = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let logging: Self = .product(name: "Logging", package: "swift-log")
    static let metrics: Self = .product(name: "Metrics", package: "swift-metrics")
    static let metricsTestKit: Self = .product(name: "MetricsTestKit", package: "swift-metrics")
    static let nioCore: Self = .product(name: "NIOCore", package: "swift-nio")
    static let nioHTTP1: Self = .product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTPTypes: Self = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioHTTPTypesHTTP1: Self = .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
    static let nioPosix: Self = .product(name: "NIOPosix", package: "swift-nio")
    static let nioSSL: Self = .product(name: "NIOSSL", package: "swift-nio-ssl")
    static let nioTLS: Self = .product(name: "NIOTLS", package: "swift-nio")
    static let tracing: Self = .product(name: "Tracing", package: "swift-distributed-tracing")
    static let unixSignals: Self = .product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let yams: Self = .product(name: "Yams", package: "Yams")
}

let package = Package(
    name: "switchyard",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "switchyard", targets: ["switchyard"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.2.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.100.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.24.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.30.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
    ],
    targets: [
        .library("StrictJSON"),
        .target(
            name: "APIDescription", dependencies: ["StrictJSON", .crypto, .yams],
            resources: [.embedInCode("openapi.yaml")], swiftSettings: strict),
        .library("PaymentModel", ["StrictJSON"]),
        .library("ProviderKit", ["PaymentModel", "StrictJSON", .crypto, .httpTypes]),
        .library("Resilience", [.deque, .heap]),
        .library("Routing", ["PaymentModel", "ProviderKit", "StrictJSON"]),
        .library(
            "PaymentEngine",
            [
                "PaymentModel", "ProviderKit", "Resilience", "Routing", "StrictJSON", "W3CTrace",
                .crypto, .deque, .heap, .httpTypes, .logging, .metrics, .tracing,
            ]),
        .library("W3CTrace", [.httpTypes, .tracing]),
        .library("PrometheusText", [.coreMetrics]),
        .library(
            "ConfigFiles",
            ["PaymentEngine", "PaymentModel", "ProviderKit", "Resilience", "Routing", .crypto, .nioSSL, .yams]),
        .library(
            "ProviderTransport",
            [
                "PaymentModel", "ProviderKit",
                .httpTypes, .logging, .nioCore, .nioHTTP1, .nioPosix, .nioSSL, .nioTLS,
            ]),
        .library(
            "HTTPGateway",
            [
                "APIDescription", "PaymentEngine", "PaymentModel", "ProviderKit", "Resilience", "Routing", "StrictJSON",
                "W3CTrace", .crypto, .httpTypes, .hummingbirdCore, .lifecycle, .logging, .metrics, .nioCore, .nioHTTP1,
                .nioHTTPTypes, .nioHTTPTypesHTTP1, .nioPosix, .nioSSL, .nioTLS, .tracing,
            ]),
        .library(
            "ProviderSandbox",
            [
                "StrictJSON", .asyncHTTPClient, .crypto, .httpTypes, .hummingbird, .hummingbirdCore, .lifecycle,
                .logging, .nioCore, .nioHTTP1, .nioPosix,
            ]),
        .library("APIConformance", ["APIDescription", "StrictJSON"]),
        .library("ProviderConformance", ["Fuzzing", "PaymentModel", "ProviderKit", "StrictJSON", .httpTypes]),
        .library("Fuzzing"),
        .library("Simulation", ["Fuzzing", "PaymentEngine", "PaymentModel", "Resilience", .heap]),
        .library(
            "SimulatedWorld",
            [
                "Fuzzing", "PaymentEngine", "PaymentModel", "ProviderKit", "ProviderSandbox", "Resilience", "Routing",
                "Simulation", "StrictJSON", .httpTypes, .logging,
            ] + plugins.map { .target(name: $0) }),
        .executableTarget(
            name: "simulator", dependencies: ["SimulatedWorld", .argumentParser], swiftSettings: strict),
        .executableTarget(
            name: "switchyard",
            dependencies: [
                "ConfigFiles", "HTTPGateway", "PaymentEngine", "PaymentModel", "PrometheusText", "ProviderKit",
                "ProviderSandbox", "ProviderTransport", "Routing", "StrictJSON", "W3CTrace",
                .argumentParser, .asyncHTTPClient, .coreMetrics, .crypto, .deque, .hummingbird, .lifecycle, .logging,
                .nioCore, .nioHTTP1,
                .nioPosix, .tracing, .unixSignals,
            ] + plugins.map { .target(name: $0) },
            swiftSettings: strict),

        .target(name: "TestCertificates", path: "Tests/TestCertificates", swiftSettings: strict),
        .tests("Fuzzing"),
        .tests("APIDescription", ["StrictJSON"]),
        .tests("APIConformance", ["APIDescription", "StrictJSON"]),
        .tests("PrometheusText", [.coreMetrics]),
        .tests("W3CTrace", [.httpTypes, .tracing]),
        .tests("StrictJSON", ["Fuzzing"]),
        .tests("PaymentModel", ["Fuzzing", "StrictJSON"]),
        .tests("ProviderKit", ["PaymentModel", "StrictJSON", .httpTypes]),
        .tests(
            "ProviderTransport",
            ["ProviderKit", "TestCertificates", .httpTypes, .logging, .nioCore, .nioPosix, .nioSSL]),
        .tests("ProviderConformance", ["PaymentModel", "ProviderKit", "StrictJSON", .httpTypes]),
        .tests("Resilience", ["Fuzzing"]),
        .tests("SimulatedWorld", ["Resilience"]),
        .tests("Routing", ["Fuzzing", "PaymentModel", "ProviderKit", "StrictJSON"]),
        .tests(
            "PaymentEngine",
            [
                "Fuzzing", "PaymentModel", "ProviderKit", "Resilience", "Routing", "Simulation", "StrictJSON",
                "W3CTrace",
                .crypto, .httpTypes, .logging, .metricsTestKit,
            ]),
        .tests(
            "ProviderSandbox",
            [
                "StrictJSON", .asyncHTTPClient, .crypto, .httpTypes, .hummingbird, .lifecycle, .logging, .nioCore,
                .nioHTTP1,
            ]),
        .tests(
            "HTTPGateway",
            [
                "APIConformance", "APIDescription", "Fuzzing", "PaymentEngine", "PaymentModel", "ProviderKit",
                "Resilience", "Routing", "StrictJSON", "TestCertificates", "W3CTrace",
                .crypto, .httpTypes, .lifecycle, .logging, .nioCore, .nioPosix, .nioSSL, .nioTLS,
            ]),
        .tests(
            "ConfigFiles",
            [
                "Fuzzing", "PaymentEngine", "PaymentModel", "ProviderKit", "Resilience", "Routing", "StrictJSON",
                "TestCertificates",
            ]),
        .tests(
            "switchyard",
            [
                "APIConformance", "APIDescription", "ConfigFiles", "Fuzzing", "HTTPGateway", "PaymentEngine",
                "PaymentModel", "ProviderKit", "ProviderSandbox", "StrictJSON", "TestCertificates",
                .asyncHTTPClient, .crypto, .httpTypes, .lifecycle, .logging, .nioCore, .nioHTTP1, .nioPosix, .nioSSL,
                .yams,
            ]),
    ] + plugins.flatMap(Target.plugin)
)
