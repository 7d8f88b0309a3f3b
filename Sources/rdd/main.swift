print("rdd")
