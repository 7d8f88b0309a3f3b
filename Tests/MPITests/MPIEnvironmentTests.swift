import MPI
import Testing

/// What start-up variables mean, without starting anything.
@Suite struct MPIEnvironmentTests {
  private let command = ["rdd", "train", "a.yaml"]

  @Test(
    arguments: [
      ([:], 1),
      (["OMPI_COMM_WORLD_SIZE": "3", "OMPI_COMM_WORLD_RANK": "2", "PMIX_RANK": "2"], 3),
      // mpirun inside an allocation of more tasks.
      (["OMPI_COMM_WORLD_SIZE": "2", "SLURM_NTASKS": "8"], 2),
      (["SLURM_NTASKS": "4", "SLURM_PROCID": "3", "PMIX_RANK": "3"], 4),
      (["SLURM_NTASKS": "1"], 1),
      // A step of one task inside a larger allocation.
      (["SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "1"], 1),
      (["PMIX_RANK": "0"], 1),
      (["SLURM_NTASKS": "many"], 1),
    ] as [([String: String], Int)])
  func goodStartIsAccepted(variables: [String: String], worldSize: Int) throws {
    try MPIEnvironment(variables).checkWorld(worldSize: worldSize, command: command)
  }

  @Test(arguments: [
    (["SLURM_NTASKS": "4", "SLURM_PROCID": "1"], "srun --mpi=pmix -n 4 rdd train a.yaml"),
    (["SLURM_NTASKS": "9", "SLURM_STEP_NUM_TASKS": "2"], "srun --mpi=pmix -n 2 rdd train a.yaml"),
    (["OMPI_COMM_WORLD_SIZE": "2"], "mpirun -n 2 rdd train a.yaml"),
    (["PMI_SIZE": "3", "PMI_RANK": "0"], "mpirun -n 3 rdd train a.yaml"),
    (["PMIX_RANK": "5"], "mpirun -n 6 rdd train a.yaml"),
  ])
  func lonelyProcessIsToldWhatWorks(variables: [String: String], working: String) throws {
    let error = #expect(throws: LaunchError.self) {
      try MPIEnvironment(variables).checkWorld(worldSize: 1, command: command)
    }
    #expect(error?.workingCommand == working)
    #expect(error?.description.contains(working) == true)
    #expect(error?.description.contains("\n") == false)
    #expect(LaunchError.exitCode == 69)
  }

  /// The shell of an allocation, a batch script, and the shell that Slurm itself makes a step.
  @Test(
    arguments: [
      ["SLURM_NTASKS": "4"], ["SLURM_NTASKS": "4", "SLURM_PROCID": "0"],
      ["SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_STEP_ID": "4294967290"],
    ])
  func aSingleProcessInAnAllocationMayDoAllButTrain(variables: [String: String]) throws {
    let environment = MPIEnvironment(variables)
    try environment.checkWorld(worldSize: 1, command: command, wantsEveryTask: false)
    let error = #expect(throws: LaunchError.self) {
      try environment.checkWorld(worldSize: 1, command: command)
    }
    #expect(error?.description.contains("mpirun -n 1 for one rank alone") == true)
  }

  @Test(arguments: [
    ["SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_STEP_ID": "0"],
    ["SLURM_NTASKS": "4", "SLURM_PROCID": "2"], ["PMI_SIZE": "3", "PMI_RANK": "0"],
    ["OMPI_COMM_WORLD_SIZE": "2"],
  ])
  func aLonelyTaskMayDoNothing(variables: [String: String]) {
    #expect(throws: LaunchError.self) {
      try MPIEnvironment(variables).checkWorld(
        worldSize: 1, command: command, wantsEveryTask: false)
    }
  }

  @Test func settingsOfTheUserWin() {
    let yields = "OMPI_MCA_mpi_yield_when_idle"
    let launched = ["PMIX_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2"]
    #expect(MPIEnvironment(launched).recommendedSettings[yields] == "1")
    let own = launched.merging([yields: "0"]) { $1 }
    #expect(MPIEnvironment(own).recommendedSettings[yields] == nil)
    #expect(MPIEnvironment([:]).recommendedSettings[yields] == nil)
    #expect(
      MPIEnvironment([:]).recommendedSettings["OMPI_MCA_btl_vader_single_copy_mechanism"]
        == "none")
  }

  @Test func threadLevelsAreOrdered() {
    #expect(ThreadLevel.single < .funneled)
    #expect(ThreadLevel.funneled < .serialized)
    #expect(ThreadLevel.serialized < .multiple)
  }
}
