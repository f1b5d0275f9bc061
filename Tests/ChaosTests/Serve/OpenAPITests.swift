import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    @Suite(.serialized, .timeLimit(.minutes(10))) struct `The HTTP interface` {
        @Test(arguments: Ground.profiles)
        func `is what its document says, and nothing that is sent makes it fail`(_ profile: Profile) async throws {
            let ground = try await Ground.prepare(profile, "openapi", adding: ["JOBS_LOG_LEVEL": "error"])
            let served = try await Served(ground, allowing: ["system.*", "analytics.*"])
            let python = Ground.checkout + "/.run/venv/bin"
            let script = Ground.checkout + "/Tests/ChaosTests/Serve/openapi.py"
            let kept = Ground.checkout + "/docs/openapi.json"
            let valid = try await served.run("\(python)/python", [script, kept], log: "validate")
            #expect(valid.contains("valid"))
            let said = try await served.run(
                "\(python)/schemathesis",
                [
                    "run", "\(served.variables["JOBS_API"] ?? "")/openapi.json", "--header",
                    "Authorization: Bearer \(served.variables["JOBS_KEY"] ?? "")", "--max-examples",
                    Ground.isFull ? "400" : "25", "--seed", "20261127", "--no-color", "--checks",
                    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                ],
                log: "schemathesis"
            )
            let summary = said.split(separator: "\n").last { $0.contains("generated") } ?? ""
            print(
                "http \(profile.rawValue): schemathesis found no 500 and no answer beside the document; \(summary.trimmingCharacters(in: .whitespaces))"
            )
            #expect(await served.stop() == .status(0))
            #expect(try String(contentsOfFile: ground.folder + "/serve.log", encoding: .utf8) == "")
            await ground.platform.close()
        }
    }
}
