import ArgumentParser
import Foundation
import JobCore

struct ContractCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contract",
        abstract: "What producers may send: write it down, and see whether a change breaks them.",
        subcommands: [ContractExportCommand.self, ContractCheckCommand.self]
    )
}

struct ContractExportCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write AsyncAPI 3.0 and a JSON Schema for each job type and version.",
        discussion: """
            The present version of a type is described by what its Swift type reads from the examples in jobs/; older versions
            by their examples. Needs no broker and no store.

            jobctl contract export --out docs/contract
            """
    )

    @Option(help: "The folder to write to: asyncapi.json, and schemas/NAME.vN.json. - prints the first alone.")
    var out = "contract"

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let contract = try context.contract()
        let document = ContractDocument(contract: contract)
        if out == "-" { return context.output.print(document.asyncAPI) }
        var files = [(name: "asyncapi.json", json: document.asyncAPI)]
        files += contract.messages.map { ("schemas/\($0.name).json", document.file($0)) }
        do {
            try FileManager.default.createDirectory(atPath: "\(out)/schemas", withIntermediateDirectories: true)
            for file in files {
                let object = try JSONSerialization.jsonObject(with: Data(file.json.text.utf8))
                let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                var bytes = try JSONSerialization.data(withJSONObject: object, options: options)
                bytes.append(UInt8(ascii: "\n"))
                try bytes.write(to: URL(filePath: "\(out)/\(file.name)"), options: .atomic)
            }
        } catch {
            throw CommandFailure(.failed, "not_written", "cannot write to \(out)", remedy: "--out FOLDER names another")
        }
        for field in contract.unknownFields {
            context.output.warn("\(field) is in no example of jobs/: its schema allows anything")
        }
        if output.json {
            return context.output.print([
                "folder": .text(out), "files": .array(files.map { .text($0.name) }),
                "unknown_fields": .array(contract.unknownFields.map { .text($0) }),
            ])
        }
        context.output.print(
            "\(out): asyncapi.json and \(contract.messages.count) schemas of \(Set(contract.messages.map(\.job)).count) job types"
        )
    }
}

struct ContractCheckCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Exits 3 when something that an exported contract allows is refused now.",
        discussion: """
            jobctl contract check --against docs/contract/asyncapi.json
            """
    )

    @Option(help: "An asyncapi.json that contract export wrote, such as that of the last release.")
    var against: String

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        let contract = try context.contract()
        guard let bytes = FileManager.default.contents(atPath: against) else {
            throw CommandFailure.usage("\(against) cannot be read", remedy: "jobctl contract export writes one")
        }
        guard let older = Contract(asyncAPI: bytes) else {
            throw CommandFailure.usage(
                "\(against) is no exported contract",
                remedy: "jobctl contract export writes one"
            )
        }
        let changes = contract.changes(since: older)
        if output.json {
            context.output.print([
                "ok": .bool(changes.breaking.isEmpty), "breaking": .array(changes.breaking.map { .text($0) }),
                "notes": .array(changes.notes.map { .text($0) }),
            ])
        } else {
            for line in changes.breaking { context.output.print("BREAKS \(line)") }
            for line in changes.notes { context.output.print("note   \(line)") }
            if changes.breaking.isEmpty { context.output.print("everything that \(against) allows is still taken") }
        }
        guard changes.breaking.isEmpty else { throw ExitRequest(.checkFailed) }
    }
}

extension CommandContext {
    fileprivate func contract() throws -> Contract {
        let manifest = try manifest()
        do {
            return try Contract(manifest, registry)
        } catch let error as RegistryMismatch {
            throw CommandFailure(.failed, "mismatch", error.description, remedy: "mend jobs/ or the code")
        }
    }
}
