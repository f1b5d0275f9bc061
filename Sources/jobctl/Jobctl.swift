import Admin
import Workers

/// CheckIn's command line: the platform's, with CheckIn's job types.
@main
enum Jobctl {
    static func main() async {
        await JobsMain.run(.checkIn())
    }
}
