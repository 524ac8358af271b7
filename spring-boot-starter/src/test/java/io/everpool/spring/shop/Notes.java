package io.everpool.spring.shop;

import java.util.List;
import org.apache.ibatis.annotations.Insert;
import org.apache.ibatis.annotations.Mapper;
import org.apache.ibatis.annotations.Select;

/** MyBatis's, in a table that Liquibase makes. */
@Mapper
public interface Notes {
  @Insert("insert into note (text) values (#{text})")
  void add(String text);

  @Select("select text from note order by text")
  List<String> all();
}
