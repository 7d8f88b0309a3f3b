/// COCO-Stuff-164K: the pixel maps `stuffthingmaps`, whose values are the ids less one: 0 to 181, of which
/// 171 are classes and 11 never occur; 255 is ignored.
enum COCOStuff {
  static let card = FormatCard(
    name: "coco_stuff", title: "COCO-Stuff", meaning: "COCO-Stuff-164K (255 ignored)",
    classes: classes, values: { _ in values },
    recognise: { labels in
      let isLikely =
        (92...181).contains(labels.highest) && labels.named.count >= 60
        && absent.isDisjoint(with: labels.named)
      guard isLikely else { return nil }
      return FormatCard.Recognition(questions: [
        "The values are taken for COCO-Stuff's, of which 11 never occur. If they are class indices: "
          + "format: train_ids, num_classes: \(labels.highest + 1)."
      ])
    })

  /// The values of ids that were planned and never drawn, as hats and mirrors of the things.
  private static let absent: Set<Int> = [11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90]

  private static let values = (0..<182).filter { !absent.contains($0) }.map { UInt8($0) }

  private static let classes = ClassList(
    names: things.components + stuff.components,
    colours: ClassList.distinctColours(values.count))

  private static let things = """
    person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, \
    stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, \
    backpack, umbrella, handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, \
    baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle, wine glass, cup, fork, \
    knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, \
    chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard, \
    cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear, \
    hair drier, toothbrush
    """

  private static let stuff = """
    banner, blanket, branch, bridge, building-other, bush, cabinet, cage, cardboard, carpet, \
    ceiling-other, ceiling-tile, cloth, clothes, clouds, counter, cupboard, curtain, desk-stuff, dirt, \
    door-stuff, fence, floor-marble, floor-other, floor-stone, floor-tile, floor-wood, flower, fog, \
    food-other, fruit, furniture-other, grass, gravel, ground-other, hill, house, leaves, light, mat, \
    metal, mirror-stuff, moss, mountain, mud, napkin, net, paper, pavement, pillow, plant-other, \
    plastic, platform, playingfield, railing, railroad, river, road, rock, roof, rug, salad, sand, sea, \
    shelf, sky-other, skyscraper, snow, solid-other, stairs, stone, straw, structural-other, table, \
    tent, textile-other, towel, tree, vegetable, wall-brick, wall-concrete, wall-other, wall-panel, \
    wall-stone, wall-tile, wall-wood, water-other, waterdrops, window-blind, window-other, wood
    """
}

extension String {
  fileprivate var components: [String] { split(separator: ", ").map(String.init) }
}
