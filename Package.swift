// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let jwtKit = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "checkin-jobs",
    products: [
        .library(name: "JobCore", targets: ["JobCore"]),
        .library(name: "JobsRuntime", targets: ["Admin"]),
        .executable(name: "jobctl", targets: ["jobctl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.1.1"),
    ],
    targets: [
        .systemLibrary(name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
        .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),

        room("RabbitMQ", ["CRabbitMQ", logging, lifecycle]),
        room("PostgreSQL", ["CPostgreSQL", logging, lifecycle]),
        room("Curl", ["CCurl", logging]),
        room("JobCore", [logging, lifecycle, crypto, yams]),
        room("Embedded", ["JobCore", grdb, logging]),
        room("Cluster", ["JobCore", "RabbitMQ", "PostgreSQL", "Curl", logging, crypto]),
        room("Scheduler", ["Curl", "JobCore", logging, lifecycle]),
        room("Workers", ["JobCore", "Curl", mustache, logging, crypto, cryptoExtras, jwtKit, yams]),
        room(
            "Admin",
            [
                "JobCore", "Curl", "Embedded", "Cluster", "Scheduler", argumentParser, hummingbird, logging, lifecycle,
                unixSignals,
            ]
        ),
        .executableTarget(name: "jobctl", dependencies: ["Admin", "JobCore", "Workers"], swiftSettings: settings),
        .executableTarget(
            name: "jobs-bench",
            dependencies: ["Admin", "JobCore", "RabbitMQ", "Scheduler", argumentParser, logging],
            path: "Sources/Bench",
            swiftSettings: settings
        ),

        tests("RabbitMQTests", ["RabbitMQ", "CRabbitMQ", logging, lifecycle]),
        tests("PostgreSQLTests", ["PostgreSQL", logging, lifecycle]),
        tests("CurlTests", ["Curl", logging], exclude: ["Peers"]),
        tests("JobCoreTests", ["JobCore", logging, lifecycle]),
        tests("EmbeddedTests", ["Embedded", "JobCore", logging]),
        tests("ClusterTests", ["Admin", "Cluster", "JobCore", logging, lifecycle], exclude: ["Strangers/publish.py"]),
        tests("ContractTests", ["Cluster", "Embedded", "JobCore", "RabbitMQ", "Scheduler", logging, lifecycle]),
        tests(
            "WorkersTests",
            ["Admin", "Curl", "JobCore", "Workers", "Scheduler", logging, crypto, jwtKit],
            exclude: ["Peers"]
        ),
        tests("AdminTests", ["Admin", "Embedded", "JobCore", "Scheduler", logging]),
        tests(
            "ChaosTests",
            ["Admin", "Cluster", "Embedded", "JobCore", "Workers", "jobctl", logging],
            exclude: [
                "Alert/receivers.py", "Analytics/expected.py", "Roles/stranger.py", "Serve/openapi.py", "Trace/otlp.py",
            ]
        ),
    ]
)
