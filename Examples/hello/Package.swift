// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "hello",
    dependencies: [
        .package(name: "checkin-jobs", path: "../..")
    ],
    targets: [
        .executableTarget(
            name: "hello",
            dependencies: [
                .product(name: "JobCore", package: "checkin-jobs"),
                .product(name: "JobsRuntime", package: "checkin-jobs"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)]
        )
    ]
)
