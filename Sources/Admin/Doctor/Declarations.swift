import Foundation
import JobCore

/// The declarations and how they agree with the code.
struct Declarations {
    let manifest: Manifest?
    let checks: [Checkup]

    init(_ context: CommandContext) {
        let directory = context.jobsDirectory
        do throws(ManifestError) {
            let manifest = try context.manifest()
            self.manifest = manifest
            let found = "\(manifest.queues.count) queues and \(manifest.jobs.count) job types in \(directory)"
            checks = [.good("declarations", found), Declarations.agreement(manifest, context)]
        } catch {
            manifest = nil
            let isThere = FileManager.default.fileExists(atPath: directory)
            let remedy = isThere ? "mend the files named" : "run jobctl beside jobs/, or set JOBS_DIR"
            checks = [
                .bad("declarations", error.description, remedy: remedy),
                .unknown("registry", "not compared: no declarations"),
            ]
        }
    }

    private static func agreement(_ manifest: Manifest, _ context: CommandContext) -> Checkup {
        do throws(RegistryMismatch) {
            try context.registry.check(against: manifest)
            return .good("registry", "every declared job type has a worker in this build, and the reverse")
        } catch {
            return .bad("registry", error.description, remedy: "mend the declarations or the registration named")
        }
    }
}
