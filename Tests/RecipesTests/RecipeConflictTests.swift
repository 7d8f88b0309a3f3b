import Recipes
import Testing

@Suite("Keys that do not agree")
struct RecipeConflictTests {
  @Test(
    "Whoever measures a student needs no teacher",
    arguments: [
      "", "teacher:\n  weights: a\n  network: deeplab_mobile\n",
      "distill:\n  statistics: global\n  ohem:\n    minimum_kept_unit: rank\n",
    ])
  func measuring(yaml: String) throws {
    #expect(throws: RecipeError.self) { try decode(yaml) }
    let recipe = try Recipe.decode(yaml: yaml, file: "recipe.yaml", for: .measuring)
    #expect(recipe.distill.method == .rdd)
  }

  @Test("Rules about the data hold for all")
  func measuringNeedsData() {
    let error = #expect(throws: RecipeError.self) {
      try Recipe.decode(yaml: "data: {kind: list}", file: "recipe.yaml", for: .measuring)
    }
    #expect(error?.kind == .missing && error?.expected == "the folder of the images")
  }

  @Test(
    "A rule between keys names the line to blame",
    arguments: [
      (
        "data:\n  kind: list\n",
        "key missing: recipe.yaml:2: found data.kind: list and no data.root; expected the folder of "
          + "the images; add --set data.root=FOLDER"
      ),
      (
        "data: {kind: list, root: .}\n",
        "key missing: recipe.yaml: found data.format: train_ids and no data.num_classes; expected the "
          + "number of classes; set data.num_classes"
      ),
      (
        "data:\n  kind: list\n  root: .\n  format: voc\n  num_classes: 20\n",
        "keys do not agree: recipe.yaml:5: found data.num_classes: 20; expected 21, the classes of "
          + "data.format voc; remove data.num_classes, or use data.format train_ids"
      ),
      (
        "distill: none\ndata:\n  classes: [road, car]\n",
        "keys do not agree: recipe.yaml:3: found data.classes with data.kind: scenes; expected no names: "
          + "those of the scenes are known; remove data.classes"
      ),
      (
        "distill: none\ndata:\n  kind: list\n  root: .\n  num_classes: 3\n  classes: [road, car]\n",
        "keys do not agree: recipe.yaml:6: found data.classes: 2 names; expected 3, one for each class; "
          + "name them all, in the order of their indices, or correct data.num_classes"
      ),
      (
        "data:\n  crop_width: 31\n",
        "value out of range: recipe.yaml:2: found data.crop_width: 31; expected 0, or 32 to 8192; take "
          + "a larger crop; the networks divide it by 8"
      ),
      (
        small + "\ntrain:\n  optimizer: adamw\n",
        "keys do not agree: recipe.yaml: found train.learning_rate: 0.02 with train.optimizer adamw; "
          + "expected 0.01 or less: a step moves each weight by about that; set train.learning_rate, "
          + "for example to 6e-5 or 0.001"
      ),
      (
        small + "\ntrain:\n  instructions: avx2\n  precision: bfloat16\n",
        "keys do not agree: recipe.yaml:6: found train.instructions: avx2 with train.precision "
          + "bfloat16; expected avx512 or more: oneDNN has no bfloat16 below; use train.precision "
          + "float32, or other instructions"
      ),
      (
        "",
        "key missing: recipe.yaml: found distill.method: rdd and no teacher.weights; expected the "
          + "teacher's weights; add --set teacher.weights=FILE; train one with 'distill: none' if "
          + "there is none"
      ),
      (
        "teacher:\n  weights: a\n  network: deeplab_mobile\n",
        "keys do not agree: recipe.yaml:3: found teacher.network: deeplab_mobile; expected a network "
          + "with an auxiliary head, as those on ResNets: TFE compares the two heads; take a ResNet teacher, or "
          + "distill.method kd"
      ),
      (
        small + "\nstudent:\n  network: a.onnx\n  head_width: 64\n",
        "keys do not agree: recipe.yaml:7: found student.head_width with an ONNX file as "
          + "student.network; expected a network of the zoo: a graph is as its file says; remove "
          + "student.head_width"
      ),
      (
        small + "\n  input: {scale: 255}\n",
        "keys do not agree: recipe.yaml: found numbers of teacher.input and teacher.input.order own; "
          + "expected rgb or bgr; set teacher.input.order, or remove the numbers"
      ),
      (
        small + "\n  classes: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, none, 2]\n",
        "keys do not agree: recipe.yaml:5: found teacher.classes: no class that is class 10 of the "
          + "data; expected one or more for each class of the data; correct the list, which has an "
          + "entry for each class of the teacher"
      ),
      (
        small + "\n  classes: [11]\n",
        "keys do not agree: recipe.yaml:5: found teacher.classes: class 11; expected 0 to 10, the "
          + "classes of the data, or none; correct the list, which has an entry for each class of the "
          + "teacher"
      ),
      (
        small + "\ntrain: {iterations: 50}\ndistill:\n  switch: blend\n  warmup_iterations: 50\n",
        "keys do not agree: recipe.yaml:8: found distill.warmup_iterations: 50, the last iteration; "
          + "expected another iteration: blending from the last one divides by zero; blend from an "
          + "earlier iteration, or use distill.switch hard"
      ),
      (
        small + "\ndistill:\n  ohem:\n    minimum_kept_unit: rank\n",
        "keys do not agree: recipe.yaml:7: found distill.ohem.minimum_kept_unit: rank with global "
          + "statistics; expected batch or image: the number of ranks must not change the result; use "
          + "batch or image, or distill.statistics local"
      ),
      (
        small + "\ndistill:\n  statistics: local\n  ohem:\n    minimum_kept_unit: rank\n",
        "keys do not agree: recipe.yaml:8: found distill.ohem.minimum_kept: auto with "
          + "minimum_kept_unit rank; expected a number: how many ranks there will be is not known "
          + "here; set distill.ohem.minimum_kept (the scripts: 100000)"
      ),
      (
        small + "\ndistill:\n  class_weights: cityscapes\n",
        "keys do not agree: recipe.yaml:6: found distill.class_weights: cityscapes for 11 classes; "
          + "expected 19 classes for the Cityscapes weights; use auto, none or a list of 11 numbers"
      ),
      (
        small + "\ndistill:\n  class_weights: [1, 2]\n",
        "keys do not agree: recipe.yaml:6: found distill.class_weights: 2 weights for 11 classes; "
          + "expected 11, one for each class; use auto, none or a list of 11 numbers"
      ),
    ])
  func line(_ yaml: String, _ line: String) {
    #expect(refusal(yaml) == line)
  }

  @Test("What is not used is not asked for")
  func unused() throws {
    #expect(try decode("distill: none").teacher.weights == nil)
    #expect(try decode("teacher: {from_seed: true}").teacher.fromSeed)
    #expect(
      try decode("teacher: {network: psp_mobile, weights: a}\ndistill: kd").distill.method == .kd)
  }
}
